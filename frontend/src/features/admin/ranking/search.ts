import type { OrderDirection, PoolLedgerOrderField } from '../../../graphql/graphql.ts';
import { defined, oneOf } from '../lists/search.ts';

const fields = ['RESOURCES_CONTRIBUTED', 'RESOURCE_CONSUMED', 'PLATFORM_REVENUE', 'REQUESTS'] as const satisfies readonly PoolLedgerOrderField[];

/** What the address of the ranking holds. */
export interface RankingSearch {
  readonly order?: PoolLedgerOrderField;
  readonly direction?: OrderDirection;
}

export function readSearch(search: Readonly<Record<string, unknown>>): RankingSearch {
  return defined({ order: oneOf(search['order'], fields), direction: oneOf(search['direction'], ['ASC', 'DESC']) });
}
