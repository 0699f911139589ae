import { formatUnits, parseAmount, type Units, unitsOf } from '../../shared/money.ts';

const one = 1_000_000_000n;
const most = 1_000_000n * one;

/** Reads a quota as people type it, such as $1,000.50; undefined where no key can have it. */
export function readQuota(typed: string): string | undefined {
  const units = parseAmount(typed.replaceAll(/[\s,\u202F]/gu, '').replace(/^\$/u, ''));
  return units === undefined || units <= 0n || units > most ? undefined : formatUnits(units);
}

/** What a deposit brings, in the API's decimals. */
export interface Brings {
  readonly quota: string;
  readonly fee: string;
  /** Those at once and those that vest. */
  readonly credits: string;
  readonly vesting: string;
}

/** How deposits of somebody are counted: the fee's rate as the API writes it, and what is left of their trust limit. */
export interface Terms {
  readonly feeRate: number;
  readonly trustLeft: string;
}

/** Says at once what the server will say: the fee is rounded up, and what exceeds the trust limit vests. */
export function estimate(quota: string, { feeRate, trustLeft }: Terms): Brings {
  const units = unitsOf(quota);
  const fee = (units * BigInt(Math.round(feeRate * Number(one))) + one - 1n) / one;
  const credits = units - fee;
  const trust = unitsOf(trustLeft);
  return { quota, fee: formatUnits(fee), credits: formatUnits(credits), vesting: formatUnits(credits > trust ? credits - trust : 0n) };
}

/** What of the Credits is available at once; all where the provider itself tells the balance. */
export function atOnce({ credits, vesting }: Brings, confirmed: boolean): { readonly now: string; readonly later: string } {
  const later: Units = confirmed ? 0n : unitsOf(vesting);
  return { now: formatUnits(unitsOf(credits) - later), later: formatUnits(later) };
}

const hour = 3_600_000;
const day = 24 * hour;

/** When a key ends: never, in so many days, or at a time that was typed. */
export type Expiry = 'none' | '30' | '90' | 'date';

/** The time that the choice stands for; null: never; undefined where it is none, or less than 24 hours ahead. */
export function expiresAt(choice: Expiry, typed: string, now: Date): string | null | undefined {
  if (choice === 'none') {
    return null;
  }
  const at = choice === 'date' ? new Date(typed) : new Date(now.getTime() + Number(choice) * day);
  return Number.isNaN(at.getTime()) || at.getTime() < now.getTime() + day ? undefined : at.toISOString();
}

const two = (n: number) => String(n).padStart(2, '0');

/** The first time that can be typed, as a field of times in the reader's zone writes it: a day ahead and a little. */
export function earliest(now: Date): string {
  const at = new Date(now.getTime() + day + hour);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:00`;
}

/** An id that nobody guesses. Unlike crypto.randomUUID it is there without HTTPS too. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
