import type { OrderDirection, OwnerType, PoolResourceFilter, PoolResourceOrderField, ResourceStatus } from '../../../graphql/graphql.ts';
import { defined, oneOf, textOf } from '../lists/search.ts';

export const statuses = ['ACTIVE', 'PAUSED', 'SUSPENDED', 'DEPLETED', 'EXPIRED', 'WITHDRAWN'] as const satisfies readonly ResourceStatus[];
const fields = ['CREATED_AT', 'CURRENT_QUOTA', 'ORIGINAL_QUOTA', 'LAST_USED_AT', 'EXPIRES_AT'] as const satisfies readonly PoolResourceOrderField[];

/** What the address of the resources holds. */
export interface ResourcesSearch {
  readonly status?: ResourceStatus;
  readonly provider?: string;
  readonly owner?: OwnerType;
  /** The id of an owner. */
  readonly person?: string;
  readonly order?: PoolResourceOrderField;
  readonly direction?: OrderDirection;
  /** The id of the key that is looked at, or new. */
  readonly row?: string;
}

export function readSearch(search: Readonly<Record<string, unknown>>): ResourcesSearch {
  return defined({
    status: oneOf(search['status'], statuses),
    provider: textOf(search['provider']),
    owner: oneOf(search['owner'], ['USER', 'PLATFORM']),
    person: textOf(search['person']),
    order: oneOf(search['order'], fields),
    direction: oneOf(search['direction'], ['ASC', 'DESC']),
    row: textOf(search['row']),
  });
}

export function filterOf({ status, provider, owner, person }: ResourcesSearch): PoolResourceFilter {
  return {
    ...(status === undefined ? {} : { status: [status] }),
    ...(provider === undefined ? {} : { provider }),
    ...(owner === undefined ? {} : { ownerType: owner }),
    ...(person === undefined ? {} : { ownerId: person }),
  };
}
