import { screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import type { CandidatesFragment } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { RoutingPage } from './routing-page.tsx';
import { readRoutingSearch, type RoutingSearch } from './routing-search.ts';
import { use } from './testing.ts';

const settings = { costWeight: 0.4, performanceWeight: 0.3, reliabilityWeight: 0.3, platformOwnedFactor: 0.8, lowQuotaFactor: 0.5, lowQuotaThreshold: '10', usedRecentlyFactor: 0.9, usedRecentlySeconds: 60 };
const decision: CandidatesFragment = {
  reason: 'fallback_to_backup',
  chosen: { id: 'res_1' },
  candidates: [
    {
      score: 0.8,
      cost: 1,
      performance: 1,
      reliability: 1,
      excluded: null,
      penalties: [{ name: 'platform_owned', factor: 0.8 }],
      resource: { id: 'res_1', label: 'Backup', maskedKey: 'sk-…77b0', provider: 'openai', ownerType: 'PLATFORM', backup: true, owner: null },
    },
  ],
};
const answers: Answers = {
  RoutingSettings: () => ({ settings }),
  LedgerModels: () => ({ models: [{ id: 'mod_1', name: 'gpt-4' }] }),
  RoutingPreview: () => ({ routingPreview: decision }),
  RoutingOf: () => ({ node: { ...use, createdAt: '2026-01-01T00:00:00Z', transaction: { id: 'txn_1' }, routing: decision } }),
};
const open = (search: RoutingSearch = {}, more: Answers = {}) => {
  const change = vi.fn<(change: object) => void>();
  show(<RoutingPage search={search} change={change} />, { answers: { ...answers, ...more } });
  return change;
};

it('shows the rules as they are set', async () => {
  open();
  expect(await screen.findByText('score = (0.4 · cost + 0.3 · performance + 0.3 · reliability) × penalties; the highest serves.')).toBeDefined();
  expect(screen.getByText('Less than $10.00 left')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Change in the settings' })).toBeDefined();
});

it('asks for a model before it previews', async () => {
  open();
  (await screen.findByRole('button', { name: 'Show the choice' })).click();
  expect(await screen.findByText('Choose a model')).toBeDefined();
});

it('previews who would serve, and why', async () => {
  open({ model: 'gpt-4' });
  (await screen.findByRole('button', { name: 'Show the choice' })).click();
  expect(await screen.findByText('fallback to backup')).toBeDefined();
  expect(screen.getByText('Backup: it serves because no other key could')).toBeDefined();
  expect(screen.getByText('platform owned')).toBeDefined();
});

it('explains a past request, as long as that is kept', async () => {
  open({ request: 'use_1' });
  expect(await screen.findByText('fallback to backup')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Open it in the ledger' })).toBeDefined();
});

it('says so where it is kept no more, or was never there', async () => {
  open({ request: 'use_1' }, { RoutingOf: () => ({ node: { ...use, createdAt: '2026-01-01T00:00:00Z', transaction: null, routing: null } }) });
  expect(await screen.findByText('How a key was chosen is kept for 30 days.')).toBeDefined();
});

it('says so where there is no such request', async () => {
  open({ request: 'use_9' }, { RoutingOf: () => ({ node: null }) });
  expect(await screen.findByText('There is no such request.')).toBeDefined();
});

it('reads its address', () => {
  expect(readRoutingSearch({ model: 'gpt-4', request: ' use_1 ', other: 1 })).toEqual({ model: 'gpt-4', request: 'use_1' });
  expect(readRoutingSearch({ model: 4, request: '' })).toEqual({});
});
