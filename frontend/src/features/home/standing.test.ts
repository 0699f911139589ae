import { expect, it } from 'vitest';
import { countKeys, standingOf } from './standing.ts';

const now = new Date('2026-01-01T12:00:00Z');
const key = { id: 'res_1', status: 'ACTIVE', originalQuota: '100', currentQuota: '50', nextProbeAt: null, repairBy: null } as const;

it('says how a key does', () => {
  expect(standingOf(key, now)).toBe('serving');
  expect(standingOf({ ...key, currentQuota: '10' }, now)).toBe('serving');
  expect(standingOf({ ...key, currentQuota: '9.999999999' }, now)).toBe('low');
  expect(standingOf({ ...key, nextProbeAt: '2026-01-01T12:01:00Z' }, now)).toBe('cooling');
  expect(standingOf({ ...key, nextProbeAt: '2026-01-01T11:59:00Z' }, now)).toBe('serving');
  expect(standingOf({ ...key, status: 'SUSPENDED' }, now)).toBe('suspended');
  expect(standingOf({ ...key, status: 'PAUSED' }, now)).toBe('paused');
  expect((['DEPLETED', 'EXPIRED', 'WITHDRAWN'] as const).map((status) => standingOf({ ...key, status }, now))).toEqual(['over', 'over', 'over']);
});

it('counts keys and names the repair that is due first', () => {
  const { counts, repairBy } = countKeys(
    [key, key, { ...key, status: 'SUSPENDED', repairBy: '2026-01-03T00:00:00Z' }, { ...key, status: 'SUSPENDED', repairBy: '2026-01-02T00:00:00Z' }, { ...key, status: 'SUSPENDED' }],
    now,
  );
  expect([...counts]).toEqual([['serving', 2], ['suspended', 3]]);
  expect(repairBy).toBe('2026-01-02T00:00:00Z');
  expect(countKeys([], now).repairBy).toBeUndefined();
});
