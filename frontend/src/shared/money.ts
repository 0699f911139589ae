// Amounts are exact decimals: strings outside, integers of 10⁻⁹ inside, as in the books. They are never numbers, which
// would round.
const digits = 9;
const one = 10n ** BigInt(digits);

/** An exact amount in units of 10⁻⁹. */
export type Units = bigint;

/** Reads a decimal as the API writes it; undefined where it is none, or has more than 9 places. */
export function parseAmount(text: string): Units | undefined {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/u.exec(text.trim());
  if (match === null) {
    return undefined;
  }
  const [, sign, whole = '', fraction = ''] = match;
  const units = BigInt(whole) * one + BigInt(fraction.padEnd(digits, '0'));
  return sign === '-' ? -units : units;
}

/** Reads what the API has written, which is always an amount. */
export function unitsOf(text: string): Units {
  const units = parseAmount(text);
  if (units === undefined) {
    throw new Error(`not an amount: ${text}`);
  }
  return units;
}

/** Writes units as the API does: no exponent, no needless zeros. */
export function formatUnits(units: Units): string {
  const size = units < 0n ? -units : units;
  const fraction = (size % one).toString().padStart(digits, '0').replace(/0+$/u, '');
  return `${units < 0n ? '-' : ''}${size / one}${fraction === '' ? '' : `.${fraction}`}`;
}

/** How an amount is shown. */
export interface Shown {
  /** What is written in a list. */
  readonly text: string;
  /** All of it, for who wants to know. */
  readonly exact: string;
}

const groups = (whole: string) => whole.replace(/\B(?=(\d{3})+$)/gu, '\u202F');

/**
 * Shows an amount with at most so many places and at least two: rounded half away from zero, a value that would round to
 * nothing as less than the smallest that is shown.
 */
export function showAmount(text: string, places = 4, signed = false): Shown {
  const units = unitsOf(text);
  const exact = formatUnits(units);
  const size = units < 0n ? -units : units;
  const sign = units < 0n ? '−' : signed && units > 0n ? '+' : '';
  const [whole = '', fraction = ''] = exact.replace('-', '').split('.');
  const exactly = `${sign}${groups(whole)}${fraction === '' ? '' : `.${fraction}`}`;
  const step = 10n ** BigInt(digits - places);
  const rounded = ((size + step / 2n) / step) * step;
  if (rounded === 0n && size !== 0n) {
    return { text: `${sign}< 0.${'0'.repeat(places - 1)}1`, exact: exactly };
  }
  const kept = (rounded % one).toString().padStart(digits, '0').slice(0, places).replace(/0+$/u, '');
  const shown = kept.padEnd(Math.min(2, places), '0');
  return { text: `${sign}${groups((rounded / one).toString())}${shown === '' ? '' : `.${shown}`}`, exact: exactly };
}

/** a · b, where b is a rate such as 0.1 as the API writes a Float: exact to 10⁻⁹. */
export function timesRate(units: Units, rate: number): Units {
  return (units * BigInt(Math.round(rate * Number(one)))) / one;
}
