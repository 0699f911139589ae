import type { TransactionKind } from '../../graphql/graphql.ts';
import { formatUnits, parseAmount, type Units, unitsOf } from '../../shared/money.ts';
import type { Row } from './rows.ts';

export const kinds = [
  'USAGE', 'DEPOSIT', 'VEST', 'WITHDRAWAL', 'CLAWBACK', 'GRANT', 'REFUND', 'ADJUSTMENT', 'MARKET_PURCHASE', 'MARKET_SETTLEMENT', 'MARKET_REFUND',
] as const satisfies readonly TransactionKind[];

/** What the address of the live ledger holds. */
export interface LedgerSearch {
  readonly kind?: TransactionKind;
  /** The id of who spent, or whose Credits moved. */
  readonly person?: string;
  readonly model?: string;
  /** At least so many Credits, either way. */
  readonly least?: string;
  /** The id of the transaction that is looked into. */
  readonly row?: string;
}

/** What is to change in the address: what is undefined is taken out of it. */
export type LedgerChange = { readonly [K in keyof LedgerSearch]?: LedgerSearch[K] | undefined };

const isKind = (value: unknown): value is TransactionKind => kinds.some((kind) => kind === value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Reads the address; what makes no sense is left out. */
export function readSearch(search: Readonly<Record<string, unknown>>): LedgerSearch {
  const { kind, person, model, row } = search;
  const least = parseAmount(typeof search['least'] === 'number' ? String(search['least']) : isText(search['least']) ? search['least'] : '');
  return {
    ...(isKind(kind) ? { kind } : {}),
    ...(isText(person) ? { person } : {}),
    ...(isText(model) ? { model } : {}),
    ...(least !== undefined && least > 0n ? { least: formatUnits(least) } : {}),
    ...(isText(row) ? { row } : {}),
  };
}

/** Whether a row is of those that the server would send for a filter. */
export function asked(row: Row, { kind, person }: Pick<LedgerSearch, 'kind' | 'person'>): boolean {
  return (kind === undefined || row.kind === kind) && (person === undefined || row.person?.id === person);
}

/** The rows that are looked at. */
export function narrow(rows: readonly Row[], search: LedgerSearch): readonly Row[] {
  const { model } = search;
  const least = search.least === undefined ? undefined : unitsOf(search.least);
  if (model === undefined && least === undefined) {
    return rows;
  }
  return rows.filter((row) => (model === undefined || row.use?.model === model) && (least === undefined || size(row.credits) >= least));
}

function size(credits: string | undefined): Units {
  const units = credits === undefined ? 0n : unitsOf(credits);
  return units < 0n ? -units : units;
}
