import type { OrderDirection, Role, UserFilter, UserOrderField, UserStatus } from '../../../graphql/graphql.ts';
import { defined, oneOf, textOf } from '../lists/search.ts';

export const roles = ['USER', 'CONTRIBUTOR', 'ADMIN'] as const satisfies readonly Role[];
export const statuses = ['ACTIVE', 'FROZEN'] as const satisfies readonly UserStatus[];
const fields = ['CREATED_AT', 'DISPLAY_NAME'] as const satisfies readonly UserOrderField[];

/** Fewer letters the server does not look for. */
export const leastSearch = 3;

/** What the address of the people holds. */
export interface PeopleSearch {
  readonly tab?: 'roles';
  readonly search?: string;
  readonly role?: Role;
  readonly status?: UserStatus;
  readonly order?: UserOrderField;
  readonly direction?: OrderDirection;
  /** The id of who is looked at, or invite. */
  readonly row?: string;
  /** The custom role that is edited, or new. */
  readonly edit?: string;
}

export function readSearch(search: Readonly<Record<string, unknown>>): PeopleSearch {
  const text = textOf(search['search']);
  return defined({
    tab: oneOf(search['tab'], ['roles']),
    search: text !== undefined && [...text.trim()].length >= leastSearch ? text : undefined,
    role: oneOf(search['role'], roles),
    status: oneOf(search['status'], statuses),
    order: oneOf(search['order'], fields),
    direction: oneOf(search['direction'], ['ASC', 'DESC']),
    row: textOf(search['row']),
    edit: textOf(search['edit']),
  });
}

export function filterOf({ search, role, status }: PeopleSearch): UserFilter {
  return { ...(search === undefined ? {} : { search }), ...(role === undefined ? {} : { role }), ...(status === undefined ? {} : { status }) };
}
