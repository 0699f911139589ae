import { expect, it } from 'vitest';
import { daysOf, lastDays, topModels, totalOf } from './spend.ts';

it('asks for whole days in UTC, today with them', () => {
  expect(lastDays(30, new Date('2026-03-01T00:00:00Z'))).toEqual({ from: '2026-01-31T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' });
  expect(lastDays(1, new Date('2026-03-01T23:59:59.999Z'))).toEqual({ from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' });
});

it('has every day, and adds them up exactly', () => {
  const days = daysOf(
    [
      { at: '2026-01-02T00:00:00Z', group: null, requests: '2', failed: '0', creditsCharged: '9007199254740993.1' },
      { at: '2026-01-03T00:00:00Z', group: null, requests: '1', failed: '1', creditsCharged: '0.000000001' },
    ],
    { from: '2026-01-01T00:00:00.000Z', to: '2026-01-04T00:00:00.000Z' },
  );
  expect(days.map(({ credits }) => credits)).toEqual(['0', '9007199254740993.1', '0.000000001']);
  expect(totalOf(days)).toEqual({ credits: '9007199254740993.100000001', requests: 3 });
  expect(totalOf([])).toEqual({ credits: '0', requests: 0 });
});

const point = (group: string, creditsCharged: string, requests = '1') => ({ at: '2026-01-01T00:00:00Z', group, requests, creditsCharged });

it('names the models that most was spent on', () => {
  expect(topModels([point('b', '1'), point('a', '3'), point('b', '2'), point('c', '3.9'), point('d', '0.1')])).toEqual([
    { model: 'c', credits: '3.9', percent: 39 },
    { model: 'a', credits: '3', percent: 30 },
    { model: 'b', credits: '3', percent: 30 },
  ]);
});

it('counts requests where nothing was charged', () => {
  expect(topModels([point('a', '0', '1'), point('b', '0', '3')]).map(({ model, percent }) => [model, percent])).toEqual([
    ['b', 75],
    ['a', 25],
  ]);
  expect(topModels([])).toEqual([]);
});
