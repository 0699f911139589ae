import { expect, it } from 'vitest';
import { localPath } from './next.ts';

it.each(['/keys', '/usage?model=gpt-4&from=2026-01-01#row', '/keys/res_01', '/'])('goes on to %s', (next) => {
  expect(localPath(next)).toBe(next);
});

it.each([
  undefined,
  '',
  'keys',
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  ' //evil.example',
  'javascript:alert(1)',
  '/.//evil.example',
  '/keys/..//evil.example',
  '/sign-in?next=/sign-in',
])('stays at home for %j', (next) => {
  expect(localPath(next)).toBe('/home');
});
