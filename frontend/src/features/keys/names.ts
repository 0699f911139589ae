import type { NamesFragment } from '../../graphql/graphql.ts';

/** What is said of all keys: how providers are called, and the fee's present rate. */
export interface Names {
  readonly provider: (key: string) => string;
  readonly feeRate: number;
}

/** Reads them off an answer. */
export function namesOf({ providers, rate }: NamesFragment): Names {
  return { provider: (key) => providers.find((one) => one.key === key)?.name ?? key, feeRate: rate.feeRate };
}

const groups = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** A count, in groups of three as amounts are. */
export const showCount = (count: number | string) => groups.format(typeof count === 'string' ? BigInt(count) : count).replaceAll(',', '\u202F');

/** A share in percent. */
export const showShare = (share: number) => `${groups.format(share * 100)} %`;

/** How long something took. */
export const showLatency = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);
