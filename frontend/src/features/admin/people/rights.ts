import type { CustomRolesQuery } from '../../../graphql/graphql.ts';

export type Right = CustomRolesQuery['grantableRights'][number];
export type CustomRole = CustomRolesQuery['customRoles'][number];

/** A right as one word, which the boxes are named by. */
export const keyOf = ({ object, action }: Right): string => `${action} ${object}`;

/** Rights of a kind: what they are about is the first part of the object. */
export interface RightGroup {
  readonly name: 'read' | 'do';
  readonly rights: readonly Right[];
}

const reads: ReadonlySet<string> = new Set(['read', 'filter', 'order']);
const reading = ({ object, action }: Right) => reads.has(action) || object.startsWith('Query.') || object.startsWith('Subscription.');

/** Splits rights into those that only show something and those that change something. */
export function groupsOf(rights: readonly Right[]): readonly RightGroup[] {
  return [
    { name: 'read' as const, rights: rights.filter(reading) },
    { name: 'do' as const, rights: rights.filter((right) => !reading(right)) },
  ].filter((group) => group.rights.length > 0);
}

/** The rights that match what is looked for. */
export function matching(rights: readonly Right[], text: string): readonly Right[] {
  const wanted = text.trim().toLowerCase();
  return wanted === '' ? rights : rights.filter((right) => keyOf(right).toLowerCase().includes(wanted));
}

/** Whether the server takes it as a name: 2 to 40 capital letters, digits and underscores, a letter first. */
export const isRoleName = (name: string): boolean => /^[A-Z][A-Z0-9_]{1,39}$/u.test(name) && !['USER', 'CONTRIBUTOR', 'ADMIN', 'ANYONE'].includes(name);

/** A name as it is typed, in capitals. */
export const asRoleName = (typed: string): string =>
  typed
    .toUpperCase()
    .replaceAll(/[\s-]+/gu, '_')
    .replaceAll(/[^A-Z0-9_]/gu, '');
