import { formatUnits, unitsOf } from '../../shared/money.ts';

const one = 1_000_000_000n;

/** The parts of a quota in percent, for a bar: what is free, what requests hold, what is used. */
export function partsOf({ originalQuota, currentQuota, reservedQuota }: { readonly originalQuota: string; readonly currentQuota: string; readonly reservedQuota: string }) {
  const all = unitsOf(originalQuota);
  const left = unitsOf(currentQuota);
  const held = unitsOf(reservedQuota);
  const percent = (units: bigint) => (all <= 0n ? 0 : Math.max(0, Math.min(100, Number((units * 10_000n) / all) / 100)));
  return { free: percent(left - held), held: percent(held), left: percent(left) };
}

/** What a withdrawal takes and gives at the present fee, in decimals. Amounts in Credits but left, which is in dollars. */
export interface Withdrawal {
  readonly left: string;
  /** What is returned for it. */
  readonly credits: string;
  /** The share of the fee that is undone. */
  readonly fee: string;
  readonly available: string;
  /** What is available afterwards; negative where it does not suffice. */
  readonly after: string;
}

/** Says what a withdrawal comes to: for what is left goes back what was credited for it, and its share of the fee. */
export function withdrawalOf(key: { readonly currentQuota: string }, feeRate: number, available: string): Withdrawal {
  const left = unitsOf(key.currentQuota);
  const fee = (left * BigInt(Math.round(feeRate * Number(one)))) / one;
  const credits = left - fee;
  const after = unitsOf(available) - credits;
  return { left: formatUnits(left), credits: formatUnits(credits), fee: formatUnits(fee), available, after: formatUnits(after) };
}
