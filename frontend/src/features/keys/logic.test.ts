import { describe, expect, it } from 'vitest';
import { partsOf, withdrawalOf } from './amounts.ts';
import { placesOf, rangeOf } from './period.ts';
import { actsOn, stateOf, whyOf } from './state.ts';
import { aKey } from './testing.ts';

const now = new Date('2026-01-02T12:00:00Z');
const later = '2026-01-02T12:40:00Z';

describe('stateOf', () => {
  it.each([
    ['serving', {}],
    ['low', { currentQuota: '99' }],
    ['cooling', { rests: [{ model: null, reason: 'cooling_down', until: later }] }],
    ['serving', { rests: [{ model: 'gpt-4', reason: 'cooling_down', until: later }] }],
    ['serving', { rests: [{ model: null, reason: 'cooling_down', until: '2026-01-02T11:59:00Z' }] }],
    ['paused', { status: 'PAUSED' }],
    ['rejected', { status: 'SUSPENDED', suspendedBy: 'PROVIDER', statusReason: 'the provider does not accept the key' }],
    ['empty', { status: 'SUSPENDED', suspendedBy: 'PROVIDER', statusReason: 'the provider reports no quota left' }],
    ['refused', { status: 'SUSPENDED', suspendedBy: 'PROVIDER', statusReason: 'news' }],
    ['unreadable', { status: 'SUSPENDED', suspendedBy: 'MONITOR', statusReason: 'the stored key can\'t be read' }],
    ['suspended', { status: 'SUSPENDED', suspendedBy: 'ADMIN', statusReason: 'Whose is it?' }],
    ['depleted', { status: 'DEPLETED', currentQuota: '0' }],
    ['forfeited', { status: 'DEPLETED', statusReason: 'it was not repaired in time; what was left on it was taken back' }],
    ['expired', { status: 'EXPIRED' }],
    ['withdrawn', { status: 'WITHDRAWN' }],
  ] as const)('is %s', (state, more) => {
    expect(stateOf(aKey(more), now)).toBe(state);
  });
});

const acts = (more: Parameters<typeof aKey>[0], frozen = false) => [...actsOn(aKey(more), frozen)].toSorted();

describe('actsOn', () => {
  it.each([
    [{ status: 'ACTIVE' }, ['limit', 'pause', 'rotate', 'verify', 'withdraw']],
    [{ status: 'PAUSED' }, ['limit', 'resume', 'rotate', 'verify', 'withdraw']],
    [{ status: 'SUSPENDED', suspendedBy: 'PROVIDER' }, ['limit', 'rotate', 'verify', 'withdraw']],
    [{ status: 'SUSPENDED', suspendedBy: 'ADMIN' }, ['limit', 'withdraw']],
    [{ status: 'DEPLETED' }, ['withdraw']],
    [{ status: 'WITHDRAWN' }, []],
  ] as const)('on %j', (more, want) => {
    expect(acts(more)).toEqual(want);
  });
  it('leaves who is frozen what repairs', () => {
    expect(acts({ status: 'PAUSED' }, true)).toEqual(['resume', 'rotate', 'verify']);
  });
});

it('knows why keys rest', () => {
  expect(['cooling_down', 'breaker_open', 'backing_off', 'news'].map(whyOf)).toEqual(['coolingDown', 'breakerOpen', 'backingOff', 'otherRest']);
});

describe('partsOf', () => {
  it('splits a quota', () => {
    expect(partsOf({ originalQuota: '1000', currentQuota: '312.4', reservedQuota: '12.4' })).toEqual({ free: 30, held: 1.24, left: 31.24 });
  });
  it('stays within the bar', () => {
    expect(partsOf({ originalQuota: '10', currentQuota: '12', reservedQuota: '0' }).free).toBe(100);
    expect(partsOf({ originalQuota: '0', currentQuota: '0', reservedQuota: '0' }).free).toBe(0);
  });
});

describe('withdrawalOf', () => {
  it('returns the Credits for what is left, and its share of the fee', () => {
    expect(withdrawalOf({ currentQuota: '312.4' }, 0.1, '1284.5')).toEqual({ left: '312.4', credits: '281.16', fee: '31.24', available: '1284.5', after: '1003.34' });
  });
  it('tells what is missing', () => {
    expect(withdrawalOf({ currentQuota: '100' }, 0.1, '50').after).toBe('-40');
  });
});

describe('placesOf', () => {
  it('lays the points of one key over the whole range', () => {
    const range = rangeOf('24h', now);
    expect(range).toEqual({ from: '2026-01-01T13:00:00.000Z', to: '2026-01-02T13:00:00.000Z', bucket: 'HOUR' });
    const point = { at: '2026-01-02T12:00:00Z', group: 'res_1', requests: '3', failed: '1', promptTokens: '10', completionTokens: '5', costAmount: '0.03' };
    const places = placesOf([point, { ...point, group: 'res_2' }], 'res_1', range);
    expect(places).toHaveLength(24);
    expect(places.at(-1)).toEqual({ at: '2026-01-02T12:00:00.000Z', requests: 3, failed: 1, tokens: 15, cost: '0.03', drawn: 0.03 });
    expect(places[0]?.cost).toBe('0');
  });
  it('has days for longer periods', () => {
    expect(placesOf([], 'res_1', rangeOf('30d', now))).toHaveLength(30);
  });
});
