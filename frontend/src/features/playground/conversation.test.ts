import { beforeEach, describe, expect, it } from 'vitest';
import { bookedSince, capOf, converse, messagesOf, newId, noSettings, said, temperatureOf, type Turn } from './conversation.ts';
import { keep, recall } from './kept.ts';
import { choicesOf } from './models.ts';

const turn = (id: string, change: Partial<Turn> = {}): Turn => ({ id, model: 'gpt-4', question: `q${id}`, answer: `a${id}`, state: 'done', ...change });

describe('converse', () => {
  it('adds pieces to the answer that they are of', () => {
    const turns = converse([turn('1'), turn('2', { answer: '', state: 'streaming' })], { kind: 'piece', id: '2', text: 'Hel' });
    expect(converse(turns, { kind: 'piece', id: '2', text: 'lo' }).map(({ answer }) => answer)).toEqual(['a1', 'Hello']);
  });
  it('asks again in the place of what failed', () => {
    expect(converse([turn('1'), turn('2')], { kind: 'ask', turn: turn('3'), instead: '2' }).map(({ id }) => id)).toEqual(['1', '3']);
  });
  it('changes one and clears all', () => {
    expect(converse([turn('1'), turn('2')], { kind: 'change', id: '1', change: { state: 'lost' } }).map(({ state }) => state)).toEqual(['lost', 'done']);
    expect(converse([turn('1')], { kind: 'clear' })).toEqual([]);
  });
});

it('goes on from what was answered, in full or in part', () => {
  const turns = [turn('1'), turn('2', { answer: '', state: 'failed' }), turn('3', { answer: 'half', state: 'stopped' })];
  expect(said(turns, ' ', 'next').map(({ role, content }) => `${role}: ${content}`)).toEqual(['user: q1', 'assistant: a1', 'user: q3', 'assistant: half', 'user: next']);
  expect(messagesOf(said([], 'Be brief', 'hi'))).toEqual([
    { role: 'SYSTEM', content: 'Be brief' },
    { role: 'USER', content: 'hi' },
  ]);
});

it.each([
  ['', null],
  [' 100 ', 100],
  ['0', undefined],
  ['1.5', undefined],
  ['-1', undefined],
  ['1e3', undefined],
])('reads the cap %j', (text, cap) => expect(capOf(text)).toBe(cap));

it.each([
  ['', null],
  ['0', 0],
  ['0,7', 0.7],
  ['2', 2],
  ['2.1', undefined],
  ['x', undefined],
  ['-1', undefined],
])('reads the temperature %j', (text, temperature) => expect(temperatureOf(text)).toBe(temperature));

const row = (id: string, change = {}) => ({ id, createdAt: `2026-11-25T12:00:0${id}Z`, model: 'gpt-4', streamed: true, endpoint: 'chat', ...change });

it('finds what a stopped answer was booked as', () => {
  const rows = [row('1'), row('3'), row('2'), row('4', { streamed: false }), row('5', { model: 'gpt-4o' }), row('6', { endpoint: 'messages' })];
  expect(bookedSince(rows, new Set(['1']), 'gpt-4')?.id).toBe('3');
  expect(bookedSince(rows, new Set(['1', '2', '3']), 'gpt-4')).toBeUndefined();
});

it('makes ids that differ', () => expect(newId()).not.toBe(newId()));

describe('what a tab keeps', () => {
  beforeEach(() => sessionStorage.clear());
  const settings = { ...noSettings, system: 'Be brief' };
  it('is there for who kept it, without what was under way', () => {
    keep('u1', { turns: [turn('1'), turn('2', { state: 'streaming' })], settings });
    expect(recall('u1')).toEqual({ turns: [turn('1'), turn('2', { state: 'lost' })], settings });
    expect(localStorage).toHaveLength(0);
  });
  it('is gone for anybody else', () => {
    keep('u1', { turns: [turn('1')], settings });
    expect(recall('u2')).toEqual({ turns: [], settings: noSettings });
    expect(sessionStorage).toHaveLength(0);
  });
  it.each(['', '{', '[]', '{"owner":"u1","turns":[1,{}],"settings":{"system":3}}'])('is nothing where it reads %j', (text) => {
    sessionStorage.setItem('pool.playground', text);
    expect(recall('u1')).toEqual({ turns: [], settings: noSettings });
  });
});

const priced = (name: string, available: boolean, contextWindow: number | null) => ({
  id: name,
  name,
  provider: 'openai',
  contextWindow,
  available,
  inputPricePerMillion: '1',
  outputPricePerMillion: '2',
  minimumCharge: '0',
});

it('offers each model once, what is served now first', () => {
  expect(choicesOf([priced('b', false, null), priced('c', false, 8), priced('c', true, 16), priced('a', true, null)]).map(({ name, available, contextWindow }) => [name, available, contextWindow])).toEqual([
    ['a', true, undefined],
    ['c', true, 16],
    ['b', false, undefined],
  ]);
});
