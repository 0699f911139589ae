import { describe, expect, it } from 'vitest';
import { atOnce, earliest, estimate, expiresAt, newId, readQuota } from './rules.ts';

describe('readQuota', () => {
  it.each([
    ['1000', '1000'],
    ['$1,000.50', '1000.5'],
    [' $ 1 000 ', '1000'],
    ['0.000000001', '0.000000001'],
    ['1000000', '1000000'],
    ['1000000.01', undefined],
    ['0', undefined],
    ['-5', undefined],
    ['1e3', undefined],
    ['', undefined],
  ])('reads %j as %j', (typed, want) => {
    expect(readQuota(typed)).toBe(want);
  });
});

describe('estimate', () => {
  const terms = { feeRate: 0.1, trustLeft: '1000' };

  it('takes the fee of the quota', () => {
    expect(estimate('1000', terms)).toEqual({ quota: '1000', fee: '100', credits: '900', vesting: '0' });
  });
  it('rounds the fee up', () => {
    expect(estimate('0.000000001', terms)).toEqual({ quota: '0.000000001', fee: '0.000000001', credits: '0', vesting: '0' });
  });
  it('lets vest what exceeds the trust limit', () => {
    const brings = estimate('2000', terms);
    expect(brings.vesting).toBe('800');
    expect(atOnce(brings, false)).toEqual({ now: '1000', later: '800' });
  });
  it('has nothing vest that the provider confirms', () => {
    expect(atOnce(estimate('2000', terms), true)).toEqual({ now: '1800', later: '0' });
  });
});

describe('expiresAt', () => {
  const now = new Date('2026-01-02T03:04:05Z');

  it.each([
    ['none', '', null],
    ['30', '', '2026-02-01T03:04:05.000Z'],
    ['date', '2026-01-03T03:04:05Z', '2026-01-03T03:04:05.000Z'],
    ['date', '2026-01-03T03:04:04Z', undefined],
    ['date', '', undefined],
  ] as const)('takes %s %j for %j', (choice, typed, want) => {
    expect(expiresAt(choice, typed, now)).toBe(want);
  });
  it('takes the earliest that is offered', () => {
    expect(expiresAt('date', earliest(now), now)).toBeDefined();
  });
});

it('makes ids that differ', () => {
  expect(newId()).toMatch(/^[0-9a-f]{32}$/u);
  expect(newId()).not.toBe(newId());
});
