/** What the charts of the overview span. */
export type Period = 'day' | 'month';

/** Reads the address; a day where it says nothing. */
export function readPeriod(search: Readonly<Record<string, unknown>>): { readonly period?: Period } {
  return search['period'] === 'month' ? { period: 'month' } : {};
}
