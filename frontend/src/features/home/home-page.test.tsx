import { screen, within } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it, vi } from 'vitest';
import type { HomeKeysQuery, HomeModelQuery, HomeModelsQuery, HomeQuotesQuery, HomeRecentQuery, HomeSpendQuery, ViewerQuery } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { type Viewer, ViewerProvider } from '../../shared/viewer.tsx';
import { HomePage } from './home-page.tsx';
import { lastDays } from './spend.ts';

// Roles are slow to find where much else runs.
vi.setConfig({ testTimeout: 20_000 });

const viewer: Viewer = {
  id: 'usr_bob',
  displayName: 'Bob',
  email: 'bob@example.com',
  roles: ['USER', 'CONTRIBUTOR'],
  status: 'ACTIVE',
  emailVerifiedAt: null,
  wallet: { id: 'wal_bob', available: '1284.5', held: '12', owed: '3', vesting: '0' },
};
const request = { id: 'use_1', createdAt: '2026-01-01T12:34:56Z', status: 'SUCCEEDED', model: 'gpt-4o', promptTokens: 1204, completionTokens: 310, latencyMs: 420, creditsCharged: '0.031', user: { id: 'usr_bob' } } as const;
const recentOf = (nodes: readonly NonNullable<HomeRecentQuery['viewer']>['usageLogs']['edges'][number]['node'][]): HomeRecentQuery => ({
  viewer: { id: 'usr_bob', usageLogs: { edges: nodes.map((node) => ({ cursor: node.id, node })) } },
});
const key = { id: 'res_1', status: 'ACTIVE', originalQuota: '100', currentQuota: '50', nextProbeAt: null, repairBy: null } as const;
const keysOf = (nodes: readonly NonNullable<HomeKeysQuery['viewer']>['resources']['edges'][number]['node'][]): HomeKeysQuery => ({
  viewer: {
    id: 'usr_bob',
    pool: nodes.length === 0 ? null : { id: 'pol_1', resourceConsumed: '212.4', resourcesContributed: '300', creditsIssued: '270' },
    resources: { totalCount: nodes.length, edges: nodes.map((node) => ({ cursor: node.id, node })) },
  },
});
const today = lastDays(1, new Date()).from;
const spend: HomeSpendQuery = { usageSeries: [{ at: today, group: null, requests: '2', failed: '0', creditsCharged: '84.2' }] };
const models: HomeModelsQuery = { usageSeries: [{ at: today, group: 'gpt-4o', requests: '2', creditsCharged: '84.2' }] };
const quotes: HomeQuotesQuery = {
  hundred: { quota: '100', fee: '10', credits: '90', vesting: '0' },
  fiveHundred: { quota: '500', fee: '50', credits: '450', vesting: '0' },
  thousand: { quota: '1000', fee: '100', credits: '900', vesting: '400' },
};
const list: HomeModelQuery = { models: [{ id: 'mod_1', name: 'gpt-4', available: true }] };
const shell: Answers = {
  Viewer: (): ViewerQuery => ({ viewer }),
  WalletChanged: () => undefined,
  HomeKeyChanged: () => undefined,
  HomeRecent: () => recentOf([request]),
  HomeKeys: () => keysOf([key, { ...key, id: 'res_2', currentQuota: '5' }]),
  HomeSpend: () => spend,
  HomeModels: () => models,
  HomeQuotes: () => quotes,
  HomeModel: () => list,
};

const open = (answers: Answers = {}) =>
  show(
    <ViewerProvider viewer={viewer}>
      <HomePage />
    </ViewerProvider>,
    { answers: { ...shell, ...answers } },
  );

it('shows what there is, what was spent and how the keys do', async () => {
  open();
  const available = await screen.findByRole('region', { name: 'Available' });
  expect(available.textContent).toContain('1\u202F284.50 Cr');
  expect(available.textContent).toContain('held12.00 Cr');
  expect(available.textContent).toContain('owed3.00 Cr');
  const spent = screen.getByRole('region', { name: 'Spend, last 30 days' });
  expect(spent.textContent).toContain('84.20 Cr 2 requests');
  expect(within(spent).getByRole('list', { name: 'Top models' }).textContent).toBe('gpt-4o 100 %');
  const keys = screen.getByRole('region', { name: 'Your keys' });
  expect(keys.textContent).toContain('1 low');
  expect(keys.textContent).toContain('1 serving');
  expect(keys.textContent).toContain('$212.40');
});

it('lists the newest requests of one’s own, which lead to all of them', async () => {
  open({ HomeRecent: () => recentOf([{ ...request, id: 'use_2', user: null, creditsCharged: null }, { ...request, id: 'use_3', status: 'FAILED', creditsCharged: '0' }, request]) });
  const rows = within(await screen.findByRole('table', { name: 'Recent requests' })).getAllByRole('row');
  expect(rows).toHaveLength(3);
  expect(rows[1]?.textContent).toContain('failed');
  expect(rows[2]?.textContent).toContain('1\u202F204 → 310 tok0.42 s−0.031 Cr');
  expect(within(rows[2] as HTMLElement).getByRole('link').getAttribute('href')).toBe('/usage?request=use_1');
});

it('shows who is new how to begin instead of empty charts', async () => {
  open({ HomeRecent: () => recentOf([]), HomeKeys: () => keysOf([]) });
  const use = await screen.findByRole('region', { name: 'Use the pool' });
  expect(use.textContent).toContain('/v1/chat/completions');
  expect(within(use).getByRole('link', { name: 'Make a token' }).getAttribute('href')).toBe('/tokens');
  const rows = within(await screen.findByRole('table', { name: 'What you get for a key' })).getAllByRole('row');
  expect(rows[3]?.textContent).toBe('$1\u202F000100.00 Cr+500.00 Cr400.00 Cr');
  expect(screen.queryByRole('region', { name: 'Spend, last 30 days' })).toBeNull();
});

it('waits, and says what went wrong', async () => {
  const { unmount } = open({ HomeRecent: () => undefined, HomeKeys: () => undefined });
  expect((await screen.findAllByLabelText('Loading')).length).toBeGreaterThan(0);
  expect(screen.queryByRole('region', { name: 'Use the pool' })).toBeNull();
  unmount();
  open({ HomeKeys: () => new CombinedError({ graphQLErrors: [{ message: 'x', extensions: { code: 'OVERLOADED' } }] }) });
  expect((await screen.findByRole('alert')).textContent).toContain('The server is busy');
});

it('tells until when a suspended key has to be repaired', async () => {
  open({ HomeKeys: () => keysOf([{ ...key, status: 'SUSPENDED', repairBy: '2030-01-04T12:00:00Z' }]) });
  expect((await screen.findByText(/Repair it until/u)).textContent).toContain('2030');
});
