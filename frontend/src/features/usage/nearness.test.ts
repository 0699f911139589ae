import { expect, it } from 'vitest';
import { byNearness } from './nearness.ts';

it('puts first what begins as it is written', () => {
  expect(byNearness(['azure/gpt-4', 'gpt-4-turbo', 'GPT-4', 'o1'], ' gpt-4')).toEqual(['GPT-4', 'gpt-4-turbo', 'azure/gpt-4']);
  expect(byNearness(['b', 'a'], '')).toEqual(['b', 'a']);
});
