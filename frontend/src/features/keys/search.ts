import { type Period, periods } from './period.ts';

/** The parts of the page of a key. */
export const tabs = ['usage', 'requests', 'accesses'] as const;
type Tab = (typeof tabs)[number];

/** What the address says: which part is looked at, and over which time. */
export interface KeySearch {
  readonly tab?: Tab;
  readonly period?: Period;
}

/** Reads it; what is the default is left out. */
export function keySearch(search: Readonly<Record<string, unknown>>): KeySearch {
  const tab = tabs.find((one) => one === search['tab']);
  const period = periods.find((one) => one === search['period']);
  return { ...(tab === undefined || tab === 'usage' ? {} : { tab }), ...(period === undefined || period === '7d' ? {} : { period }) };
}

/** What the address says: whether keys that are over are shown. */
export interface KeysSearch {
  readonly over?: boolean;
}

/** Reads it. */
export const keysSearch = ({ over }: Readonly<Record<string, unknown>>): KeysSearch => (over === true ? { over } : {});
