import { describe, expect, it } from 'vitest';
import { changed, faultOf, fields, one, patchOf, sound, type Values, weightSum, written } from './fields.ts';

const values: Values = {
  depositFeeRate: 0.1, unconfirmedTrustLimit: '1000', clawbackGraceHours: 72, priceMarkup: 1.2, costWeight: 0.4, performanceWeight: 0.3, reliabilityWeight: 0.3,
  platformOwnedFactor: 0.8, lowQuotaFactor: 0.5, lowQuotaThreshold: '10', usedRecentlyFactor: 0.9, usedRecentlySeconds: 60,
};
const named = (name: string) => {
  const found = fields.find((field) => field.name === name);
  if (found === undefined) {
    throw new Error(name);
  }
  return found;
};

it('has every setting once', () => {
  expect(fields.map(({ name }) => name).toSorted()).toEqual(Object.keys(values).toSorted());
});

it('writes values without the noise of binary fractions', () => {
  expect(written({ ...values, costWeight: 0.1 + 0.2 }, named('costWeight'))).toBe('0.3');
  expect(written(values, named('clawbackGraceHours'))).toBe('72');
  expect(written(values, named('lowQuotaThreshold'))).toBe('10');
});

describe('faultOf', () => {
  it.each([
    ['depositFeeRate', '0', undefined],
    ['depositFeeRate', '1', 'range'],
    ['depositFeeRate', '-0.1', 'range'],
    ['depositFeeRate', 'a tenth', 'number'],
    ['priceMarkup', '0', 'range'],
    ['priceMarkup', '1000', undefined],
    ['lowQuotaFactor', '0', 'range'],
    ['lowQuotaFactor', '1', undefined],
    ['clawbackGraceHours', '1.5', 'whole'],
    ['clawbackGraceHours', '8761', 'range'],
  ])('%s %s: %s', (name, text, fault) => {
    expect(faultOf(text, named(name))).toBe(fault);
  });
});

it('adds up the weights exactly', () => {
  expect(weightSum(values, {})).toBe(one);
  expect(weightSum(values, { costWeight: '0.7', performanceWeight: '0.1', reliabilityWeight: '0.2' })).toBe(one);
  expect(weightSum(values, { costWeight: '0.400000001' })).toBe(one + 1n);
  expect(weightSum(values, { costWeight: 'x' })).toBeUndefined();
});

it('sends what changed, and nothing else', () => {
  const typed = { costWeight: '0.5', performanceWeight: '0.20', reliabilityWeight: '0.3', lowQuotaThreshold: '12.50' };
  expect(changed(values, typed).map(({ name }) => name)).toEqual(['costWeight', 'performanceWeight', 'lowQuotaThreshold']);
  expect(patchOf(values, typed)).toEqual({ costWeight: 0.5, performanceWeight: 0.2, lowQuotaThreshold: '12.5' });
  expect(sound(values, typed)).toBe(true);
  expect(sound(values, { costWeight: '0.5' })).toBe(false);
  expect(sound(values, { depositFeeRate: '' })).toBe(false);
});
