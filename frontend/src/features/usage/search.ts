import type { PoolUsageLogFilter, UsageStatus } from '../../graphql/graphql.ts';

/** What the address of the usage page holds. */
export interface UsageSearch {
  /** The requests, unless it is this. */
  readonly tab?: 'statement';
  readonly status?: UsageStatus;
  readonly model?: string;
  /** The first and the last day, such as 2026-01-31, in the reader's own zone. */
  readonly from?: string;
  readonly to?: string;
  /** The id of the request that is looked into. */
  readonly request?: string;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The midnight at which a day begins here, or the one so many days later; undefined where there is no such day. */
export function midnight(day: string, later = 0): Date | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/u.exec(day);
  if (match === null) {
    return undefined;
  }
  const [year, month, date] = [Number(match[1]), Number(match[2]) - 1, Number(match[3])];
  const at = new Date(year, month, date);
  return at.getMonth() === month && at.getDate() === date && year >= 1970 ? new Date(year, month, date + later) : undefined;
}

const isDay = (value: unknown): value is string => isText(value) && midnight(value) !== undefined;

/** Reads the address; what makes no sense is left out. */
export function readSearch(search: Readonly<Record<string, unknown>>): UsageSearch {
  const { tab, status, model, from, to, request } = search;
  return {
    ...(tab === 'statement' ? { tab } : {}),
    ...(status === 'SUCCEEDED' || status === 'FAILED' ? { status } : {}),
    ...(isText(model) ? { model } : {}),
    ...(isDay(from) ? { from } : {}),
    // A range that ends before it begins has nothing in it.
    ...(isDay(to) && !(isDay(from) && to < from) ? { to } : {}),
    ...(isText(request) ? { request } : {}),
  };
}

/** Whether some requests are left out. */
export function narrowed({ status, model, from, to }: UsageSearch): boolean {
  return status !== undefined || model !== undefined || from !== undefined || to !== undefined;
}

const day = 24 * 60 * 60 * 1000;

/**
 * What to ask for. A list that still grows is asked for under an end of its own in the future, which differs from visit to
 * visit: pages that the cache keeps of an earlier one would leave a gap where newer requests have moved them on.
 */
export function filterOf({ status, model, from, to }: UsageSearch, visit: number, userId: string | undefined): PoolUsageLogFilter {
  const end = to === undefined ? undefined : midnight(to, 1);
  const begin = from === undefined ? undefined : midnight(from);
  const past = end !== undefined && end.getTime() <= visit;
  const open = new Date(Math.max(visit, begin?.getTime() ?? 0) + day + (visit % 1000));
  return {
    ...(status === undefined ? {} : { status }),
    ...(model === undefined ? {} : { model }),
    ...(begin === undefined ? {} : { from: begin.toISOString() }),
    to: (past ? end : open).toISOString(),
    ...(userId === undefined ? {} : { userId }),
  };
}
