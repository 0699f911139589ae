import { expect, it } from 'vitest';
import { asRoleName, groupsOf, isRoleName, keyOf, matching } from './rights.ts';
import { filterOf, readSearch } from './search.ts';

const rights = [
  { object: 'Query.ledgerAudit', action: 'call' },
  { object: 'Posting', action: 'read' },
  { object: 'Mutation.grantCredits', action: 'call' },
  { object: 'PoolResource', action: 'suspend' },
];

it('tells what shows from what changes', () => {
  expect(groupsOf(rights).map(({ name, rights: own }) => [name, own.map(keyOf)])).toEqual([
    ['read', ['call Query.ledgerAudit', 'read Posting']],
    ['do', ['call Mutation.grantCredits', 'suspend PoolResource']],
  ]);
  expect(groupsOf([])).toEqual([]);
});

it('finds rights', () => {
  expect(matching(rights, 'LEDGER')).toEqual([rights[0]]);
  expect(matching(rights, ' ')).toEqual(rights);
});

it.each([
  ['AUDITOR', true],
  ['A1_B', true],
  ['A', false],
  ['1A', false],
  ['auditor', false],
  ['ADMIN', false],
  ['A'.repeat(41), false],
])('takes %s as a name: %s', (name, good) => {
  expect(isRoleName(name)).toBe(good);
});

it('makes a name of what is typed', () => {
  expect(asRoleName('night shift-2!')).toBe('NIGHT_SHIFT_2');
});

it('reads the address: what is too short is not looked for', () => {
  expect(readSearch({ search: 'to', role: 'ADMIN', status: 'COLD', row: 'usr_1' })).toEqual({ role: 'ADMIN', row: 'usr_1' });
  expect(filterOf(readSearch({ search: 'tom', status: 'FROZEN', tab: 'roles' }))).toEqual({ search: 'tom', status: 'FROZEN' });
});
