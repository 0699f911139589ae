// What changed in the pool, off the roll-ups and the books. Amounts stay exact; only charts get numbers.
import type { OverviewMovesQuery, OverviewSeriesQuery } from '../../graphql/graphql.ts';
import { formatUnits, type Units, unitsOf } from '../../shared/money.ts';

export type Point = OverviewSeriesQuery['usageSeries'][number];
export type Move = OverviewMovesQuery['ledgerTransactions']['edges'][number]['node'];

const hour = 3_600_000;
const day = 24 * hour;

/** The start of a day where the reader is. */
export function midnight(now: Date, daysAgo = 0): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo);
}

/** What was asked in some time. */
export interface Use {
  readonly requests: bigint;
  readonly failed: bigint;
  readonly charged: Units;
  readonly cost: Units;
}

/** Sums the points from a time, inclusive, to another, exclusive. */
export function useBetween(points: readonly Point[], from: Date, to: Date): Use {
  const sum = { requests: 0n, failed: 0n, charged: 0n, cost: 0n };
  for (const point of points) {
    const at = new Date(point.at).getTime();
    if (at >= from.getTime() && at < to.getTime()) {
      sum.requests += BigInt(point.requests);
      sum.failed += BigInt(point.failed);
      sum.charged += unitsOf(point.creditsCharged ?? '0');
      sum.cost += unitsOf(point.costAmount ?? '0');
    }
  }
  return sum;
}

/** Today's use, and yesterday's up to this time of the day. */
export function todayAndYesterday(hours: readonly Point[], now: Date): { readonly today: Use; readonly yesterday: Use } {
  return {
    today: useBetween(hours, midnight(now), new Date(now.getTime() + hour)),
    yesterday: useBetween(hours, midnight(now, 1), new Date(now.getTime() - day)),
  };
}

/** How many succeeded, 0..1; undefined where nothing was asked. */
export function rateOf({ requests, failed }: Use): number | undefined {
  return requests === 0n ? undefined : Number(((requests - failed) * 1_000_000n) / requests) / 1_000_000;
}

/** The profit of some use, in Credits. */
export const profitOf = ({ charged, cost }: Use): string => formatUnits(charged - cost);

/** What came to the pool and left it in some time. */
export interface Moved {
  readonly came: number;
  readonly left: number;
  readonly depositors: number;
  /** The quota that came, less what left. */
  readonly quota: Units;
}

const quotaOf = (move: Move): Units => move.postings.filter(({ account }) => account.startsWith('resource:')).reduce((sum, { amount }) => sum + unitsOf(amount), 0n);

export function movedSince(moves: readonly Move[], from: Date): Moved {
  const since = moves.filter(({ createdAt }) => new Date(createdAt).getTime() >= from.getTime());
  const deposits = since.filter(({ kind }) => kind === 'DEPOSIT');
  const depositors = new Set(deposits.flatMap(({ postings }) => postings.map(({ account }) => account).filter((account) => /^(?:wallet|vesting):/u.test(account)).map((account) => account.split(':')[1])));
  return {
    came: deposits.length,
    left: since.filter(({ kind }) => kind === 'WITHDRAWAL' || kind === 'CLAWBACK').length,
    depositors: depositors.size,
    quota: since.reduce((sum, move) => sum + quotaOf(move), 0n),
  };
}

/** A place on the charts: numbers to draw with, which may round. */
export interface Drawn {
  readonly at: string;
  readonly value: number;
  readonly came: number;
  readonly used: number;
  readonly charge: number;
  readonly cost: number;
  readonly succeeded: number;
  readonly failed: number;
}

const drawn = (units: Units): number => Number(units / 1000n) / 1_000_000;

/**
 * The places of a chart from a time to now, a bucket each: what was asked, what came, and what the pool was worth at the
 * end of each, reckoned back from what it is worth now.
 */
export function chart(points: readonly Point[], moves: readonly Move[], value: string, now: Date, bucket: 'HOUR' | 'DAY'): readonly Drawn[] {
  const size = bucket === 'HOUR' ? hour : day;
  const last = Math.floor(now.getTime() / size) * size;
  const length = bucket === 'HOUR' ? 24 : 30;
  const out: Drawn[] = [];
  let worth = unitsOf(value);
  for (let n = 0; n < length; n += 1) {
    const from = new Date(last - n * size);
    const to = new Date(from.getTime() + size);
    const use = useBetween(points, from, to);
    const within = moves.filter(({ createdAt }) => new Date(createdAt) >= from && new Date(createdAt) < to);
    const quota = within.reduce((sum, move) => sum + quotaOf(move), 0n);
    out.unshift({
      at: from.toISOString(),
      value: drawn(worth),
      came: drawn(quota),
      used: drawn(use.cost),
      charge: drawn(use.charged),
      cost: drawn(use.cost),
      succeeded: Number(use.requests - use.failed),
      failed: Number(use.failed),
    });
    worth -= quota - use.cost;
    if (worth < 0n) {
      worth = 0n;
    }
  }
  return out;
}
