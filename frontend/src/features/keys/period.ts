import type { KeyUsageQuery } from '../../graphql/graphql.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';

export const periods = ['24h', '7d', '30d'] as const;
export type Period = (typeof periods)[number];

const hour = 3_600_000;
const day = 24 * hour;

/** The range of a period that ends with the bucket of now. */
export function rangeOf(period: Period, now: Date): { readonly from: string; readonly to: string; readonly bucket: 'HOUR' | 'DAY' } {
  const bucket = period === '24h' ? 'HOUR' : 'DAY';
  const size = bucket === 'HOUR' ? hour : day;
  const to = (Math.floor(now.getTime() / size) + 1) * size;
  const count = { '24h': 24, '7d': 7, '30d': 30 }[period];
  return { from: new Date(to - count * size).toISOString(), to: new Date(to).toISOString(), bucket };
}

/** A place of the chart. cost is exact, drawn what a chart can draw. */
export interface Place {
  readonly at: string;
  readonly requests: number;
  readonly failed: number;
  readonly tokens: number;
  readonly cost: string;
  readonly drawn: number;
}

/** The buckets of a range for one key, those without requests too. */
export function placesOf(series: KeyUsageQuery['usageSeries'], id: string, { from, to, bucket }: ReturnType<typeof rangeOf>): readonly Place[] {
  const size = bucket === 'HOUR' ? hour : day;
  const end = new Date(to).getTime();
  const places: Place[] = [];
  for (let at = new Date(from).getTime(); at < end; at += size) {
    const points = series.filter((point) => point.group === id && new Date(point.at).getTime() === at);
    const cost = formatUnits(points.reduce((sum, point) => sum + unitsOf(point.costAmount ?? '0'), 0n));
    const total = (of: (point: KeyUsageQuery['usageSeries'][number]) => string) => points.reduce((sum, point) => sum + Number(of(point)), 0);
    places.push({
      at: new Date(at).toISOString(), cost, drawn: Number(cost), requests: total((p) => p.requests), failed: total((p) => p.failed),
      tokens: total((p) => p.promptTokens) + total((p) => p.completionTokens),
    });
  }
  return places;
}
