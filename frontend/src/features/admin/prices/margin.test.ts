import { describe, expect, it } from 'vitest';
import type { PricedModelFragment } from '../../../graphql/graphql.ts';
import { draftOf, faultOf, inputOf, margin, marginShare, narrow, sound } from './margin.ts';

const model: PricedModelFragment = {
  id: 'mdl_1', name: 'gpt-4', provider: 'openai', contextWindow: 8192, available: true, inputCostPerMillion: '10', cachedInputCostPerMillion: '10', cacheWriteCostPerMillion: '10',
  outputCostPerMillion: '30', inputPricePerMillion: '0', cacheWritePricePerMillion: '0', outputPricePerMillion: '10000', minimumCharge: '0',
};

it('computes margins exactly', () => {
  expect(margin('10000', '30')).toBe('9970');
  expect(margin('0', '10')).toBe('-10');
  expect(margin('0.3', '0.1')).toBe('0.2');
  expect(margin('9007199254740993.000000001', '0.000000002')).toBe('9007199254740992.999999999');
  expect(margin('', '1')).toBeUndefined();
});

it('says what a margin is of the price', () => {
  expect(marginShare('12', '10')).toBe('16.6 %');
  expect(marginShare('10', '12')).toBe('−20.0 %');
  expect(marginShare('0', '10')).toBeUndefined();
});

describe('the form', () => {
  const draft = draftOf(model);
  it('begins with the price in force', () => {
    expect(inputOf(draft)).toEqual({
      model: 'gpt-4', provider: 'openai', inputCostPerMillion: '10', cachedInputCostPerMillion: '10', outputCostPerMillion: '30', inputPricePerMillion: '0', outputPricePerMillion: '10000', minimumCharge: '0',
    });
    expect(sound(draft)).toBe(true);
  });
  it('needs what has no default', () => {
    expect(faultOf({ ...draft, inputCost: '' }, 'inputCost')).toBe('amountBad');
    expect(faultOf({ ...draft, outputPrice: '-1' }, 'outputPrice')).toBe('negative');
    expect(faultOf({ ...draft, minimumCharge: '' }, 'minimumCharge')).toBeUndefined();
    expect(inputOf({ ...draft, minimumCharge: '', cachedInputCost: ' ' })).toMatchObject({ minimumCharge: null, cachedInputCostPerMillion: null });
    expect(sound({ ...draft, model: ' ' })).toBe(false);
  });
});

it('narrows by provider, name and whether a key can serve', () => {
  const other = { ...model, id: 'mdl_2', name: 'claude', provider: 'anthropic', available: false };
  expect(narrow([model, other], {}).map(({ name }) => name)).toEqual(['claude', 'gpt-4']);
  expect(narrow([model, other], { search: 'GPT' })).toEqual([model]);
  expect(narrow([model, other], { provider: 'anthropic' })).toEqual([other]);
  expect(narrow([model, other], { available: 'yes' })).toEqual([model]);
});
