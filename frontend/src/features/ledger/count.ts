import { showAmount } from '../../shared/money.ts';

/** Shows a whole number in groups, as amounts are. */
export const count = (n: number | string): string => showAmount(String(n), 0).text;

/** Shows a share of 1 in percent. */
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits).replace(/\.0+$/u, '')} %`;
