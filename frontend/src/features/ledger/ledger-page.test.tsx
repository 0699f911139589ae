import { screen, waitFor, within } from '@testing-library/react';
import { CombinedError } from 'urql';
import { beforeEach, expect, it, vi } from 'vitest';
import type { LedgerModelsQuery, LedgerPageQuery, LedgerRowQuery, RoutingSettingsQuery } from '../../graphql/graphql.ts';
import { ApiContext } from '../../shared/api.ts';
import type { Api, Connection } from '../../shared/client.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { LedgerPage } from './ledger-page.tsx';
import type { LedgerSearch } from './filters.ts';
import { entry, use } from './testing.ts';

const api = (connection: Connection): Api => ({ client: {} as Api['client'], connection: () => connection, onConnection: () => () => {} });

const page = (...seqs: number[]): LedgerPageQuery => ({
  ledgerTransactions: { edges: seqs.map((seq) => ({ cursor: String(seq), node: { ...entry(seq), usageLog: use } })), pageInfo: { hasNextPage: false, endCursor: null } },
});
const models: LedgerModelsQuery = { models: [{ id: 'mod_1', name: 'gpt-4' }] };
const settings: RoutingSettingsQuery = {
  settings: { costWeight: 0.4, performanceWeight: 0.3, reliabilityWeight: 0.3, platformOwnedFactor: 0.8, lowQuotaFactor: 0.5, lowQuotaThreshold: '10', usedRecentlyFactor: 0.9, usedRecentlySeconds: 60 },
};
const opened: LedgerRowQuery = {
  node: {
    ...entry(2),
    hash: 'bb',
    previousHash: 'aa',
    proof: { index: '1', size: '3' },
    usageLog: {
      ...use,
      createdAt: '2026-01-01T12:34:56.902Z',
      requestedModel: 'gpt-4',
      endpoint: 'chat',
      provider: 'openai',
      cachedTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      latencyMs: 420,
      streamed: false,
      estimated: false,
      attempts: 1,
      errorCode: null,
      routing: {
        reason: 'lowest_cost',
        chosen: { id: 'res_bob' },
        candidates: [
          {
            score: 0.9,
            cost: 1,
            performance: 1,
            reliability: 2 / 3,
            excluded: null,
            penalties: [],
            resource: { id: 'res_bob', label: 'Bob’s key', maskedKey: 'sk-…9f3c', provider: 'openai', ownerType: 'USER', backup: false, owner: { id: 'usr_bob', displayName: 'Bob' } },
          },
          {
            score: 0,
            cost: 0,
            performance: 0,
            reliability: 0,
            excluded: 'too_little_quota',
            penalties: [],
            resource: { id: 'res_alice', label: '', maskedKey: 'sk-…11aa', provider: 'openai', ownerType: 'USER', backup: false, owner: { id: 'usr_alice', displayName: 'Alice' } },
          },
        ],
      },
    },
  },
};

const answers: Answers = {
  LedgerPage: () => page(2, 1),
  LedgerFeed: () => undefined,
  LedgerModels: () => models,
  LedgerNames: () => ({ nodes: [{ id: 'usr_tom', displayName: 'Tom' }, { id: 'res_bob', label: 'Bob’s key', maskedKey: 'sk-…9f3c', ownerType: 'USER', owner: { id: 'usr_bob', displayName: 'Bob' } }] }),
  LedgerPlaces: () => ({ nodes: [{ id: 'txn_1', seq: '1', hash: 'aa', previousHash: '00' }, { id: 'txn_3', seq: '3', hash: 'cc', previousHash: 'xx' }] }),
  RoutingSettings: () => settings,
  LedgerRow: () => opened,
};

function open({ search = {}, connection = 'open', more = {} }: { search?: LedgerSearch; connection?: Connection; more?: Answers } = {}) {
  const change = vi.fn<(change: object) => void>();
  show(
    <ApiContext value={api(connection)}>
      <LedgerPage search={search} change={change} />
    </ApiContext>,
    { answers: { ...answers, ...more } },
  );
  return change;
}

beforeEach(() => {
  // What is on the screen is what has a height.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(1000);
});

it('shows who, on whose key, what it took, what was charged and why that key', async () => {
  open();
  const [first] = await screen.findAllByRole('row', { name: /Tom/u }, { timeout: 4000 });
  expect(within(first as HTMLElement).getAllByRole('cell').slice(1).map(({ textContent }) => textContent)).toEqual([
    'Tom', 'Bob', 'gpt-4', '2\u202F000 → 1\u202F000', '$0.05', '10.00 Cr', '+9.95', 'lowest cost',
  ]);
  expect(screen.getByText('live')).toBeDefined();
});

it('says that nothing is lost while it reconnects', async () => {
  open({ connection: 'broken' });
  expect(await screen.findByText('reconnecting, nothing is lost')).toBeDefined();
});

it('waits without a spinner, and says what went wrong', async () => {
  open({ more: { LedgerPage: () => new CombinedError({ graphQLErrors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }) } });
  expect((await screen.findByRole('alert')).textContent).toContain('You are not allowed to do this.');
});

it('says what will be here where there is nothing yet', async () => {
  open({ more: { LedgerPage: () => page() } });
  expect(await screen.findByText('Nothing was booked yet')).toBeDefined();
});

it('says so where no row matches', async () => {
  open({ search: { least: '11' } });
  expect(await screen.findByText('No row matches')).toBeDefined();
  expect(screen.getByRole('button', { name: 'Clear filters' })).toBeDefined();
});

it('opens a row: postings that add up to 0, its place in the chain, and why this key', async () => {
  open({ search: { row: 'txn_2' } });
  const drawer = await screen.findByRole('dialog');
  await waitFor(() => expect(within(drawer).getByText('Wallet of Tom')).toBeDefined());
  expect(within(drawer).getAllByText('balanced')).toHaveLength(2);
  expect(within(drawer).getByText('fits transaction 1')).toBeDefined();
  expect(within(drawer).getByText('does not fit transaction 3')).toBeDefined();
  expect(within(drawer).getByRole('link', { name: 'Download the receipt' }).getAttribute('href')).toBe('/receipts/2');
  expect(within(drawer).getByText('chosen')).toBeDefined();
  expect(within(drawer).getByText('too little quota left')).toBeDefined();
});

it('opens the row that is clicked', async () => {
  const change = open();
  const [, second] = await screen.findAllByRole('row', { name: /Tom/u }, { timeout: 4000 });
  (second as HTMLElement).click();
  expect(change).toHaveBeenCalledWith({ row: 'txn_1' });
});
