import { expect, it } from 'vitest';
import { monthsSince, statementPath } from './months.ts';

it('lists the months of an account', () => {
  expect(monthsSince('2025-11-30T23:59:59Z', new Date('2026-02-01T00:00:00Z'))).toEqual(['2026-02', '2026-01', '2025-12', '2025-11']);
  expect(monthsSince('2026-02-01T00:00:00Z', new Date('2026-02-01T00:00:00Z'))).toEqual(['2026-02']);
});

it('asks for a whole month, or for all', () => {
  expect(statementPath('2025-12')).toBe('/statement.csv?from=2025-12-01&to=2026-01-01');
  expect(statementPath('2026-01')).toBe('/statement.csv?from=2026-01-01&to=2026-02-01');
  expect(statementPath(null)).toBe('/statement.csv');
});
