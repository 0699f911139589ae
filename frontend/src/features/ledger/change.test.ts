import { expect, it } from 'vitest';
import { chart, midnight, type Move, movedSince, type Point, profitOf, rateOf, todayAndYesterday } from './change.ts';

const now = new Date(2026, 4, 10, 14, 30);
const hoursAgo = (n: number) => new Date(new Date(2026, 4, 10, 14).getTime() - n * 3_600_000).toISOString();

const point = (at: string, more: Partial<Point> = {}): Point => ({
  at,
  requests: '10',
  failed: '1',
  promptTokens: '0',
  completionTokens: '0',
  creditsCharged: '10.000000001',
  costAmount: '0.05',
  averageLatencyMs: null,
  ...more,
});

const move = (kind: Move['kind'], at: string, amount: string, user = 'usr_bob'): Move => ({
  id: `${kind} ${at}`,
  seq: '1',
  kind,
  createdAt: at,
  postings: [
    { account: `wallet:${user}`, asset: 'CREDIT', amount: '1' },
    { account: 'resource:res_1', asset: 'USD', amount },
    { account: 'provider.supply', asset: 'USD', amount: `-${amount}` },
  ],
});

it('compares today with yesterday up to the same time', () => {
  const { today, yesterday } = todayAndYesterday([point(hoursAgo(0)), point(hoursAgo(14)), point(hoursAgo(15)), point(hoursAgo(20)), point(hoursAgo(24)), point(hoursAgo(38)), point(hoursAgo(39))], now);
  expect(today.requests).toBe(20n);
  expect(yesterday.requests).toBe(20n);
  expect(profitOf(today)).toBe('19.900000002');
  expect(rateOf(today)).toBe(0.9);
  expect(rateOf({ ...today, requests: 0n })).toBeUndefined();
});

it('tells what came and left', () => {
  const moves = [move('DEPOSIT', hoursAgo(1), '1000'), move('DEPOSIT', hoursAgo(2), '500'), move('WITHDRAWAL', hoursAgo(3), '-200', 'usr_tom'), move('DEPOSIT', hoursAgo(30), '7')];
  expect(movedSince(moves, midnight(now))).toEqual({ came: 2, left: 1, depositors: 1, quota: 1_300_000_000_000n });
});

it('reckons the value back from what it is now', () => {
  const drawn = chart([point(hoursAgo(0), { costAmount: '100' })], [move('DEPOSIT', hoursAgo(1), '1000')], '900', now, 'HOUR');
  expect(drawn).toHaveLength(24);
  expect(drawn.slice(-3).map(({ value, came, used }) => [value, came, used])).toEqual([
    [0, 0, 0],
    [1000, 1000, 0],
    [900, 0, 100],
  ]);
  expect(drawn.at(-1)).toMatchObject({ succeeded: 9, failed: 1 });
});
