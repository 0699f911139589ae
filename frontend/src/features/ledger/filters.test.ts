import { describe, expect, it } from 'vitest';
import { asked, narrow, readSearch } from './filters.ts';
import { row, use } from './testing.ts';

describe('readSearch', () => {
  it('reads what makes sense and leaves out the rest', () => {
    expect(readSearch({ kind: 'USAGE', person: 'usr_1', model: 'gpt-4', least: 5, row: 'txn_1' })).toEqual({ kind: 'USAGE', person: 'usr_1', model: 'gpt-4', least: '5', row: 'txn_1' });
    expect(readSearch({ kind: 'THEFT', person: 7, model: '', least: '1e9', row: null, other: 'x' })).toEqual({});
    expect(readSearch({ least: '0.50' })).toEqual({ least: '0.5' });
    expect(readSearch({ least: '-1' })).toEqual({});
  });
});

it('asks for a kind and a person', () => {
  expect(asked(row(1), {})).toBe(true);
  expect(asked(row(1), { kind: 'USAGE', person: 'usr_tom' })).toBe(true);
  expect(asked(row(1), { kind: 'DEPOSIT' })).toBe(false);
  expect(asked(row(1), { person: 'usr_bob' })).toBe(false);
});

it('narrows by model and by what moved, either way', () => {
  const rows = [row(3, { credits: '-900' }), row(2, { credits: '4.999999999' }), row(1, { use: { ...use, model: 'o3' } })];
  expect(narrow(rows, {})).toBe(rows);
  expect(narrow(rows, { least: '5' }).map(({ seq }) => seq)).toEqual([3n, 1n]);
  expect(narrow(rows, { model: 'o3' }).map(({ seq }) => seq)).toEqual([1n]);
  expect(narrow(rows, { model: 'gpt-4', least: '5' }).map(({ seq }) => seq)).toEqual([3n]);
});
