import { expect, it } from 'vitest';
import { rowOf, sums } from './rows.ts';
import { entry, use } from './testing.ts';

it('reads a request: who, on whose key, what it took and what was charged', () => {
  expect(rowOf(entry(7), use)).toMatchObject({
    seq: 7n,
    person: { id: 'usr_tom', name: 'Tom' },
    key: { id: 'res_bob', name: 'Bob’s key' },
    cost: '0.05',
    credits: '10',
    profit: '9.95',
  });
});

it('keeps every digit of a profit', () => {
  expect(rowOf(entry(1), { ...use, creditsCharged: '9007199254740993', costAmount: '0.000000001' }).profit).toBe('9007199254740992.999999999');
  expect(rowOf(entry(1), { ...use, creditsCharged: '0', costAmount: '0.05' }).profit).toBe('-0.05');
});

it('reads off the accounts what moved where there was no request', () => {
  const deposit = {
    ...entry(8),
    kind: 'DEPOSIT' as const,
    postings: [
      { account: 'platform.issued', asset: 'CREDIT' as const, amount: '-1000' },
      { account: 'wallet:usr_bob', asset: 'CREDIT' as const, amount: '500' },
      { account: 'vesting:usr_bob', asset: 'CREDIT' as const, amount: '400' },
      { account: 'platform.fees', asset: 'CREDIT' as const, amount: '100' },
      { account: 'provider.supply', asset: 'USD' as const, amount: '-1000' },
      { account: 'resource:res_bob', asset: 'USD' as const, amount: '1000' },
    ],
  };
  const row = rowOf(deposit, null);
  expect(row).toMatchObject({ person: { id: 'usr_bob' }, key: { id: 'res_bob' }, cost: '1000', credits: '900' });
  expect(row.profit).toBeUndefined();
  expect([...sums(row.postings)]).toEqual([['CREDIT', '0'], ['USD', '0']]);
});

it('has nobody where the platform moved its own', () => {
  const row = rowOf({ ...entry(9), kind: 'DEPOSIT', postings: [{ account: 'resource:res_1', asset: 'USD', amount: '5' }] }, null);
  expect(row.person).toBeUndefined();
  expect(row.credits).toBeUndefined();
});

it('shows postings that do not add up', () => {
  expect(sums([{ account: 'a', asset: 'USD', amount: '1' }, { account: 'b', asset: 'USD', amount: '-0.999999999' }]).get('USD')).toBe('0.000000001');
});
