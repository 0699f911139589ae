import { describe, expect, it } from 'vitest';
import { formatUnits, parseAmount, showAmount, timesRate, unitsOf } from './money.ts';

describe('parseAmount', () => {
  it.each([
    ['0', 0n],
    ['9.95', 9_950_000_000n],
    ['-0.000000001', -1n],
    [' 1000 ', 1_000_000_000_000n],
    ['9007199254740993.5', 9_007_199_254_740_993_500_000_000n],
  ])('reads %s', (text, units) => {
    expect(parseAmount(text)).toBe(units);
  });
  it.each(['', '1e3', '.5', '1.', '1,000', '0.0000000001', 'NaN', '+1', '--1'])('refuses %j', (text) => {
    expect(parseAmount(text)).toBeUndefined();
  });
});

describe('formatUnits', () => {
  it.each(['0', '9.95', '-0.000000001', '1000', '123456789.123456789'])('writes %s as it was read', (text) => {
    expect(formatUnits(unitsOf(text))).toBe(text);
  });
});

describe('showAmount', () => {
  it.each([
    ['9.95', '9.95', '9.95'],
    ['10', '10.00', '10'],
    ['0', '0.00', '0'],
    ['1284.5', '1 284.50', '1 284.5'],
    ['1234567.891', '1 234 567.891', '1 234 567.891'],
    ['0.05', '0.05', '0.05'],
    ['0.123449999', '0.1234', '0.123449999'],
    ['0.12345', '0.1235', '0.12345'],
    ['0.00004', '< 0.0001', '0.00004'],
    ['0.00005', '0.0001', '0.00005'],
    ['-0.031', '−0.031', '−0.031'],
    ['-0.00001', '−< 0.0001', '−0.00001'],
    ['0.99999', '1.00', '0.99999'],
  ])('shows %s as %s', (text, shown, exact) => {
    expect(showAmount(text)).toEqual({ text: shown, exact });
  });
  it('writes a plus where it is asked for', () => {
    expect(showAmount('9.95', 4, true).text).toBe('+9.95');
    expect(showAmount('0', 4, true).text).toBe('0.00');
  });
});

it('multiplies by a rate exactly', () => {
  expect(timesRate(unitsOf('1000'), 0.1)).toBe(unitsOf('100'));
  expect(timesRate(unitsOf('0.000000007'), 0.1)).toBe(0n);
});
