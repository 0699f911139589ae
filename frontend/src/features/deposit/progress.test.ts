import { describe, expect, it } from 'vitest';
import { type Step, stepsOf, wordOf } from './progress.ts';

const step = (name: Step['step'], ok = true): Step => ({ step: name, ok, detail: 'so', elapsedMs: 12 });
const states = (told: readonly Step[], over = false) => stepsOf(told, over).map(({ state }) => state);

describe('stepsOf', () => {
  it('has the first that nothing is known of run', () => {
    expect(states([])).toEqual(['running', 'waiting', 'waiting', 'waiting']);
    expect(states([step('KEY'), step('MODELS')])).toEqual(['passed', 'passed', 'running', 'waiting']);
  });
  it('has nothing run after a failure', () => {
    expect(states([step('KEY'), step('MODELS'), step('BALANCE', false)])).toEqual(['passed', 'passed', 'failed', 'waiting']);
  });
  it('has nothing run once it is over', () => {
    expect(states([], true)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  });
});

describe('wordOf', () => {
  it.each([
    ['the key may call 38 models', 'models', { count: '38' }],
    ['the provider reports a balance of 12.5 USD', 'balance', { amount: '12.5' }],
    ['the provider reports 5 USD, less than the quota', 'tooHigh', { amount: '5' }],
    ['the provider took too long', 'noAnswer', {}],
  ])('knows %j', (detail, word, values) => {
    expect(wordOf(detail)).toEqual({ word, values });
  });
  it('leaves what is news as it is', () => {
    expect(wordOf('a new word')).toBeUndefined();
  });
});
