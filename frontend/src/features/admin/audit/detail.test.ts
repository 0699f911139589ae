import { describe, expect, it } from 'vitest';
import { linesOf } from './detail.ts';
import { filterOf, readSearch } from './search.ts';

describe('linesOf', () => {
  it.each([
    [null, []],
    ['{"amount":"500","seq":10}', [{ name: 'amount', value: '500' }, { name: 'seq', value: '10' }]],
    ['{"costWeight":{"from":0.4,"to":0.5}}', [{ name: 'cost weight', value: '0.5', before: '0.4' }]],
    ['{"from":["USER"],"to":["USER","ADMIN"]}', [{ name: '', value: 'USER, ADMIN', before: 'USER' }]],
    ['{"grants":[{"object":"User","action":"read"}],"none":[],"empty":null}', [{ name: 'grants', value: 'object: User, action: read' }, { name: 'none', value: '—' }, { name: 'empty', value: '—' }]],
    ['not json', [{ name: '', value: 'not json' }]],
    ['[1,2]', [{ name: '', value: '1, 2' }]],
  ])('reads %s', (detail, lines) => {
    expect(linesOf(detail)).toEqual(lines);
  });
});

it('reads the address, and leaves out what makes no sense', () => {
  expect(readSearch({ actor: 'usr_1', action: '', from: '2026-13-45', to: '2026-01-31', row: 3, more: true })).toEqual({ actor: 'usr_1', to: '2026-01-31', row: '3' });
});

it('asks for whole days of the reader', () => {
  const { from, to } = filterOf({ from: '2026-01-31', to: '2026-01-31' });
  expect(new Date(from ?? '').getHours()).toBe(0);
  expect(new Date(to ?? '').getTime() - new Date(from ?? '').getTime()).toBe(24 * 60 * 60 * 1000);
  expect(filterOf({})).toEqual({});
});
