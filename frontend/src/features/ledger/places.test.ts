import { expect, it } from 'vitest';
import { fit, placeOf } from './places.ts';

it('finds the places beside one', () => {
  expect(placeOf({ id: 'txn_10', seq: '10' }, -1n)).toEqual({ id: 'txn_9', seq: '9' });
  expect(placeOf({ id: 'txn_9', seq: '9' }, 1n)).toEqual({ id: 'txn_10', seq: '10' });
  expect(placeOf({ id: 'txn_1', seq: '1' }, -1n)).toBeUndefined();
  expect(placeOf({ id: 'other', seq: '5' }, 1n)).toBeUndefined();
});

it('says whether two fit', () => {
  expect(fit({ seq: '9', hash: 'aa' }, { seq: '10', previousHash: 'aa' })).toBe(true);
  expect(fit({ seq: '9', hash: 'aa' }, { seq: '10', previousHash: 'ab' })).toBe(false);
  expect(fit({ seq: '8', hash: 'aa' }, { seq: '10', previousHash: 'aa' })).toBe(false);
});
