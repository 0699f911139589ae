import { defined, oneOf, textOf } from '../lists/search.ts';

/** What the address of the prices holds. */
export interface PricesSearch {
  readonly tab?: 'aliases';
  readonly provider?: string;
  readonly search?: string;
  /** Only models that a key can serve now. */
  readonly available?: 'yes';
  /** The id of the model whose price is looked at, or new. */
  readonly row?: string;
}

export function readSearch(search: Readonly<Record<string, unknown>>): PricesSearch {
  return defined({
    tab: oneOf(search['tab'], ['aliases']),
    provider: textOf(search['provider']),
    search: textOf(search['search']),
    available: oneOf(search['available'], ['yes']),
    row: textOf(search['row']),
  });
}
