import { expect, it } from 'vitest';
import { filterOf, midnight, narrowed, readSearch } from './search.ts';

it('reads an address and leaves out what makes no sense', () => {
  const search = { tab: 'statement', status: 'FAILED', model: 'gpt-4', from: '2026-01-01', to: '2026-01-31', request: 'use_1' } as const;
  expect(readSearch(search)).toEqual(search);
  expect(readSearch({ tab: 'requests', status: 'LOST', model: '', from: '2026-02-30', to: 'soon', request: 7, other: 1 })).toEqual({});
  expect(readSearch({ from: '2026-02-01', to: '2026-01-31' })).toEqual({ from: '2026-02-01' });
  expect(narrowed({ tab: 'statement', request: 'use_1' })).toBe(false);
  expect(narrowed({ to: '2026-01-31' })).toBe(true);
});

it('takes whole days of the reader', () => {
  expect(midnight('2026-01-31')).toEqual(new Date(2026, 0, 31));
  expect(midnight('2026-01-31', 1)).toEqual(new Date(2026, 1, 1));
  expect(midnight('1969-12-31')).toBeUndefined();
  const visit = new Date(2026, 5, 15, 12).getTime();
  expect(filterOf({ from: '2026-01-01', to: '2026-01-31', status: 'FAILED', model: 'gpt-4' }, visit, 'usr_admin')).toEqual({
    from: new Date(2026, 0, 1).toISOString(),
    to: new Date(2026, 1, 1).toISOString(),
    status: 'FAILED',
    model: 'gpt-4',
    userId: 'usr_admin',
  });
});

const of = (search: Parameters<typeof filterOf>[0], at: number) => filterOf(search, at, undefined).to ?? '';

it('asks anew on every visit where requests may still come', () => {
  const visit = new Date(2026, 5, 15, 12).getTime();
  expect(of({}, visit)).not.toBe(of({}, visit + 1));
  expect(of({ to: '2026-06-15' }, visit)).not.toBe(of({ to: '2026-06-15' }, visit + 1));
  expect(of({ to: '2026-06-14' }, visit)).toBe(of({ to: '2026-06-14' }, visit + 1));
  expect(new Date(of({}, visit)).getTime()).toBeGreaterThan(visit);
  const { from, to } = filterOf({ from: '2027-01-01' }, visit, undefined);
  expect((from ?? '') < (to ?? '')).toBe(true);
});
