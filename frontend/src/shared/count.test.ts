import { expect, it } from 'vitest';
import { showCount } from './count.ts';

it.each([
  [0, '0'],
  [999, '999'],
  [1204, '1\u202F204'],
  [1234567, '1\u202F234\u202F567'],
])('shows %d as %s', (n, shown) => {
  expect(showCount(n)).toBe(shown);
});
