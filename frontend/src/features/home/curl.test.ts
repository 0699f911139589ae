import { expect, it } from 'vitest';
import { curlLine, exampleModel } from './curl.ts';

it('picks a model that can be asked', () => {
  expect(exampleModel([{ name: 'gpt-4o', available: false }, { name: 'gpt-4', available: true }, { name: 'a', available: true }])).toBe('gpt-4');
  expect(exampleModel([{ name: 'b', available: true }])).toBe('b');
  expect(exampleModel([])).toBe('gpt-4o-mini');
});

it('keeps the name of a model within its quotes', () => {
  expect(curlLine('https://pool.example', "it's")).toContain(String.raw`-d '{"model":"it'\''s"`);
  expect(curlLine('https://pool.example', 'gpt-4')).toContain('curl https://pool.example/v1/chat/completions');
});
