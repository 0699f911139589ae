import { fireEvent, screen, within } from '@testing-library/react';
import { useState } from 'react';
import { expect, it } from 'vitest';
import type { PriceListQuery, ViewerQuery, WhatADepositGivesQuery } from '../../graphql/graphql.ts';
import { show } from '../../shared/testing/render.tsx';
import { Landing } from './landing.tsx';

const viewer: ViewerQuery['viewer'] = { id: 'usr_1', displayName: 'Tom', email: 'tom@example.com', roles: ['USER'], status: 'ACTIVE', emailVerifiedAt: null, wallet: null };
const row = (name: string, provider: string, available: boolean): PriceListQuery['models'][number] => ({
  id: `${name}${provider}`, name, provider, available, contextWindow: 8192, inputPricePerMillion: '12', outputPricePerMillion: '36.123456', minimumCharge: '0',
});
const deposit: WhatADepositGivesQuery = { depositQuote: { quota: '1000', feeRate: 0.1, credits: '900' }, providers: [{ key: 'openai', name: 'OpenAI' }] };
const answers = (who: ViewerQuery['viewer'], models: PriceListQuery['models']) => ({
  Viewer: (): ViewerQuery => ({ viewer: who }),
  WhatADepositGives: () => deposit,
  PriceList: (): PriceListQuery => ({ models, modelAliases: [] }),
});

function Page() {
  const [text, look] = useState('');
  return <Landing text={text} look={look} />;
}

it('says what a deposit gives, what models cost, and the ways in', async () => {
  show(<Page />, { answers: answers(null, [row('gpt-4', 'openai', true), row('claude', 'anthropic', false)]) });
  expect(await screen.findByText(/gives 900 Credits, after a fee of 10 %/u)).toBeDefined();
  const line = screen.getByRole('row', { name: /^gpt-4/u });
  expect(within(line).getAllByRole('cell').map((cell) => cell.textContent)).toEqual(['OpenAI', '8 K', '12.00', '36.1235', 'Ready']);
  expect(within(line).getByText('36.1235').title).toBe('36.123456');
  expect(within(screen.getByRole('row', { name: /^claude/u })).getByText('No key yet')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Open an account' }).getAttribute('href')).toBe('/sign-up');
  expect(screen.queryByRole('link', { name: 'Go to your account' })).toBeNull();
});

it('finds a model, and says so where there is none', async () => {
  show(<Page />, { answers: answers(null, [row('gpt-4', 'openai', true), row('claude', 'anthropic', false)]) });
  const box = await screen.findByRole('searchbox', { name: 'Search models and providers' });
  fireEvent.change(box, { target: { value: 'claude' } });
  expect(await screen.findByText('1 model')).toBeDefined();
  expect(screen.queryByRole('row', { name: /^gpt-4/u })).toBeNull();
  fireEvent.change(box, { target: { value: 'nothing' } });
  expect(await screen.findByText('No model is called that')).toBeDefined();
  fireEvent.click(screen.getByRole('button', { name: 'Show all models' }));
  expect(await screen.findByText('2 models')).toBeDefined();
});

it('shows some of a long list until all is asked for', async () => {
  show(<Page />, { answers: answers(null, Array.from({ length: 40 }, (_, i) => row(`model-${i}`, 'openai', true))) });
  expect(await screen.findAllByRole('row', { name: /^model/u })).toHaveLength(25);
  fireEvent.click(screen.getByRole('button', { name: 'Show all 40' }));
  expect(screen.getAllByRole('row', { name: /^model/u })).toHaveLength(40);
});

it('leads who is signed in home', async () => {
  show(<Page />, { answers: answers(viewer, []) });
  expect((await screen.findAllByRole('link', { name: 'Go to your account' })).length).toBeGreaterThan(0);
  expect(screen.queryByRole('link', { name: 'Sign in' })).toBeNull();
});

it('says that the prices did not come, and asks again', async () => {
  show(<Page />, { answers: { ...answers(null, []), PriceList: () => new Error('no network') } });
  expect(await screen.findByRole('button', { name: 'Try again' })).toBeDefined();
});

it('says that nothing is priced yet', async () => {
  show(<Page />, { answers: answers(null, []) });
  expect(await screen.findByRole('heading', { name: 'The price list is empty' })).toBeDefined();
});
