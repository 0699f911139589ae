const two = (n: number) => String(n).padStart(2, '0');

/** The months, such as 2026-01, from that of a time to the present one, the newest first. In UTC, as statements are. */
export function monthsSince(iso: string, now: Date): readonly string[] {
  const since = new Date(iso);
  const months: string[] = [];
  for (let [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]; year > since.getUTCFullYear() || (year === since.getUTCFullYear() && month >= since.getUTCMonth()); ) {
    months.push(`${year}-${two(month + 1)}`);
    month -= 1;
    if (month < 0) {
      [year, month] = [year - 1, 11];
    }
  }
  return months;
}

/** Where the server has the statement of a month, or all of it. */
export function statementPath(month: string | null): string {
  const [year = 0, number = 0] = month === null ? [] : month.split('-').map(Number);
  if (month === null) {
    return '/statement.csv';
  }
  const to = new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 10);
  return `/statement.csv?from=${month}-01&to=${to}`;
}
