import { expect, it } from 'vitest';
import { type Candidate, madeWith, partsOf, scoreOf } from './scores.ts';

const weights = { costWeight: 0.4, performanceWeight: 0.3, reliabilityWeight: 0.3 };
const candidate: Candidate = {
  score: 0.648,
  cost: 0.5,
  performance: 1,
  reliability: 1,
  excluded: null,
  penalties: [
    { name: 'platform_owned', factor: 0.9 },
    { name: 'used_recently', factor: 0.9 },
  ],
  resource: { id: 'res_1', label: '', maskedKey: 'sk-…1', provider: 'openai', ownerType: 'USER', backup: false, owner: null },
};

it('scores as the pool does', () => {
  expect(scoreOf(candidate, weights)).toBeCloseTo(0.648, 9);
});

it('notices that the weights were others', () => {
  expect(madeWith([candidate], weights)).toBe(true);
  expect(madeWith([candidate], { ...weights, costWeight: 0.6, performanceWeight: 0.1 })).toBe(false);
  expect(madeWith([{ ...candidate, score: 0, excluded: 'not_active' }], weights)).toBe(true);
});

it('takes a score apart', () => {
  expect(partsOf(candidate, weights)).toEqual([
    { name: 'cost', share: 0.5, adds: 0.2, most: 0.4 },
    { name: 'performance', share: 1, adds: 0.3, most: 0.3 },
    { name: 'reliability', share: 1, adds: 0.3, most: 0.3 },
  ]);
  expect(partsOf({ ...candidate, cost: 2 }, undefined)[0]).toEqual({ name: 'cost', share: 1, adds: 1, most: 1 });
});
