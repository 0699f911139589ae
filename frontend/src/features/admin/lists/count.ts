/** Writes a whole number in groups of three; counters of the API are strings that outgrow numbers. */
export const count = (n: number | string): string => String(n).replace(/\B(?=(\d{3})+$)/gu, '\u202F');

/** A share from 0 to 1 in per cent. */
export const percent = (share: number): string => `${(Math.round(share * 1000) / 10).toString()} %`;
