import { expect, it } from 'vitest';
import { errorWord } from './error-word.ts';

it.each([
  ['UPSTREAM_FAILED', '0', 'UPSTREAM_FAILED'],
  ['UPSTREAM_FAILED', '0.031', 'UPSTREAM_BROKE'],
  ['CLIENT_GONE', '0.031', 'CLIENT_GONE'],
  ['SOMETHING_NEW', null, 'OTHER'],
])('tells %s with a charge of %s as %s', (code, charged, word) => {
  expect(errorWord(code, charged)).toBe(word);
});
