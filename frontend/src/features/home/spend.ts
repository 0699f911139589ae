import type { HomeModelsQuery, HomeSpendQuery } from '../../graphql/graphql.ts';
import { formatUnits, type Units, unitsOf } from '../../shared/money.ts';

const day = 24 * 60 * 60 * 1000;

/** The last so many days with today, as the roll-ups have days: from midnight to midnight, UTC. */
export function lastDays(days: number, now: Date): { readonly from: string; readonly to: string } {
  const today = Math.floor(now.getTime() / day) * day;
  return { from: new Date(today - (days - 1) * day).toISOString(), to: new Date(today + day).toISOString() };
}

/** What was spent on a day. */
export interface Day {
  readonly at: string;
  readonly credits: string;
  readonly requests: number;
}

/** Every day from the first to before the last, those without requests too. */
export function daysOf(points: HomeSpendQuery['usageSeries'], { from, to }: { readonly from: string; readonly to: string }): readonly Day[] {
  const by = new Map(points.map((point) => [new Date(point.at).getTime(), point]));
  const days: Day[] = [];
  for (let at = new Date(from).getTime(); at < new Date(to).getTime(); at += day) {
    const point = by.get(at);
    days.push({ at: new Date(at).toISOString(), credits: point?.creditsCharged ?? '0', requests: Number(point?.requests ?? '0') });
  }
  return days;
}

/** All of the days together. */
export function totalOf(days: readonly Day[]): { readonly credits: string; readonly requests: number } {
  return {
    credits: formatUnits(days.reduce((sum, { credits }) => sum + unitsOf(credits), 0n)),
    requests: days.reduce((sum, { requests }) => sum + requests, 0),
  };
}

/** A model, and which part of the spending, or of the requests where all were free, went to it. */
export interface TopModel {
  readonly model: string;
  readonly credits: string;
  /** Whole percents. */
  readonly percent: number;
}

/** The models that most was spent on. */
export function topModels(points: HomeModelsQuery['usageSeries'], most = 3): readonly TopModel[] {
  const spent = new Map<string, { credits: Units; requests: bigint }>();
  for (const { group, creditsCharged, requests } of points) {
    const model = group ?? '';
    const before = spent.get(model) ?? { credits: 0n, requests: 0n };
    spent.set(model, { credits: before.credits + unitsOf(creditsCharged ?? '0'), requests: before.requests + BigInt(requests) });
  }
  const models = [...spent];
  const free = models.every(([, { credits }]) => credits === 0n);
  const weight = (of: { readonly credits: Units; readonly requests: bigint }) => (free ? of.requests : of.credits);
  const all = models.reduce((sum, [, of]) => sum + weight(of), 0n);
  if (all === 0n) {
    return [];
  }
  return models
    .filter(([model]) => model !== '')
    .toSorted(([a, x], [b, y]) => (weight(x) === weight(y) ? a.localeCompare(b) : weight(x) < weight(y) ? 1 : -1))
    .slice(0, most)
    .map(([model, of]) => ({ model, credits: formatUnits(of.credits), percent: Number((weight(of) * 200n + all) / (all * 2n)) }));
}
