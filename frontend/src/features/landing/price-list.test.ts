import { expect, it } from 'vitest';
import type { PriceListQuery } from '../../graphql/graphql.ts';
import { pricesOf, search, showWindow } from './price-list.ts';

const row = (name: string, provider: string, more: Partial<PriceListQuery['models'][number]> = {}): PriceListQuery['models'][number] => ({
  id: `${name} ${provider}`,
  name,
  provider,
  contextWindow: null,
  available: false,
  inputPricePerMillion: '1.2',
  outputPricePerMillion: '3.6',
  minimumCharge: '0',
  ...more,
});

const list: PriceListQuery = {
  models: [row('vendor/Llama', 'groq'), row('gpt-4', 'openai', { contextWindow: 8192 }), row('gpt-4', 'azure', { available: true, contextWindow: 128_000 }), row('deepseek-chat', 'deepseek')],
  modelAliases: [{ name: 'the-best', model: 'gpt-4' }],
};
const named = (provider: string) => (provider === 'openai' ? 'Open AI' : provider);

it('has one line for a name, what can be had now first', () => {
  const prices = pricesOf(list);
  expect(prices.map(({ name }) => name)).toEqual(['gpt-4', 'deepseek-chat', 'vendor/Llama']);
  expect(prices[0]).toEqual({
    name: 'gpt-4',
    aliases: ['the-best'],
    providers: ['azure', 'openai'],
    contextWindow: 128_000,
    available: true,
    input: '1.2',
    output: '3.6',
    minimum: '0',
  });
});

it.each([
  ['', 3],
  ['  ', 3],
  ['GPT', 1],
  ['best', 1],
  ['open ai', 1],
  ['gpt groq', 0],
  ['llama groq', 1],
])('finds by %j: %i', (text, count) => {
  expect(search(pricesOf(list), text, named)).toHaveLength(count);
});

it.each([
  [512, '512'],
  [8192, '8 K'],
  [128_000, '128 K'],
  [1_048_576, '1 M'],
  [2_500_000, '2.5 M'],
])('says a window of %i as %s', (tokens, said) => {
  expect(showWindow(tokens)).toBe(said);
});
