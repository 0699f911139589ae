import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it, vi } from 'vitest';
import type { UsageModelsQuery, UsageRequestsQuery, UsageSinceQuery, UsageStatementQuery, ViewerQuery } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { type Viewer, ViewerProvider } from '../../shared/viewer.tsx';
import type { UsageRow } from './request-file.ts';
import type { UsageSearch } from './search.ts';
import { failed, opened, request } from './testing.ts';
import { UsagePage } from './usage-page.tsx';

// Roles are slow to find where much else runs.
vi.setConfig({ testTimeout: 20_000 });

const viewer: Viewer = {
  id: 'usr_tom',
  displayName: 'Tom',
  email: 'tom@example.com',
  roles: ['USER'],
  status: 'ACTIVE',
  emailVerifiedAt: null,
  wallet: { id: 'wal_tom', available: '40', held: '0', owed: '0', vesting: '0' },
};
const page = (rows: readonly UsageRow[], next: string | null = null): UsageRequestsQuery => ({
  usageLogs: { edges: rows.map((node) => ({ cursor: node.id, node })), pageInfo: { hasNextPage: next !== null, endCursor: next } },
});
const models: UsageModelsQuery = { models: [{ id: 'mod_1', name: 'gpt-4' }] };
const since: UsageSinceQuery = { viewer: { id: 'usr_tom', createdAt: new Date().toISOString() } };
const statement: UsageStatementQuery = {
  viewer: {
    id: 'usr_tom',
    wallet: {
      id: 'wal_tom',
      entries: {
        edges: [
          { cursor: 'b', node: { id: 'ent_2', createdAt: '2026-01-01T12:34:56Z', kind: 'USAGE', amount: '-10', balanceAfter: '40', memo: 'gpt-4', transaction: { id: 'txn_7', seq: '7', usageLog: { id: 'use_1' } } } },
          { cursor: 'a', node: { id: 'ent_1', createdAt: '2026-01-01T12:00:00Z', kind: 'GRANT', amount: '50', balanceAfter: '50', memo: 'To begin with', transaction: { id: 'txn_6', seq: '6', usageLog: null } } },
        ],
        pageInfo: { hasNextPage: false, endCursor: null },
      },
    },
  },
};
const shell: Answers = {
  Viewer: (): ViewerQuery => ({ viewer }),
  WalletChanged: () => undefined,
  UsageModels: () => models,
  UsageSince: () => since,
  UsageRequests: () => page([failed, request]),
  UsageRequest: () => opened,
  UsageStatement: () => statement,
};
const refusal = new CombinedError({ graphQLErrors: [{ message: 'x', extensions: { code: 'OVERLOADED' } }] });
const nothing = () => {};

function open(search: UsageSearch = {}, answers: Answers = {}, change: Parameters<typeof UsagePage>[0]['change'] = nothing) {
  return show(
    <ViewerProvider viewer={viewer}>
      <UsagePage search={search} change={change} />
    </ViewerProvider>,
    { answers: { ...shell, ...answers }, at: '/usage' },
  );
}

const table = () => screen.findByRole('table', { name: /^Requests/u });

it('lists the requests that the viewer made, and no others', async () => {
  open({}, { UsageRequests: () => page([failed, { ...request, id: 'use_3', user: null, creditsCharged: null }, request]) });
  const rows = within(await table()).getAllByRole('row');
  expect(rows).toHaveLength(3);
  expect(rows[1]?.textContent).toContain('failed');
  expect(rows[2]?.textContent).toContain('2\u202F000 → 1\u202F000 tok');
  expect(rows[2]?.textContent).toContain('−10.00 Cr');
  expect(screen.getByText('That is all.')).toBeDefined();
});

it('reads on', async () => {
  open({}, { UsageRequests: ({ after }) => (after === null ? page([failed], 'c') : page([request])) });
  expect(within(await table()).getAllByRole('row')).toHaveLength(3);
});

it('reads on when it is asked to', async () => {
  const many = Array.from({ length: 20 }, (_, n) => ({ ...request, id: `use_a${n}` }));
  open({}, { UsageRequests: ({ after }) => (after === null ? page(many, 'c') : page([request])) });
  expect(await screen.findAllByText('gpt-4', { selector: 'a' })).toHaveLength(20);
  fireEvent.click(screen.getByText('Read older ones'));
  await waitFor(() => expect(screen.getAllByText('gpt-4', { selector: 'a' })).toHaveLength(21));
});

it('says what to do where there is nothing', async () => {
  open({}, { UsageRequests: () => page([]) });
  expect(await screen.findByText('No requests yet')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Try the playground' }).getAttribute('href')).toBe('/playground');
});

it('asks for what the address says and takes it back', async () => {
  const asked: unknown[] = [];
  const change = vi.fn<Parameters<typeof UsagePage>[0]['change']>();
  open(
    { status: 'FAILED', model: 'gpt-4', from: '2026-01-01', to: '2026-01-31' },
    {
      UsageRequests: ({ filter }) => {
        asked.push(filter);
        return page([]);
      },
    },
    change,
  );
  expect(await screen.findByText('No request matches')).toBeDefined();
  expect(asked[0]).toEqual({ status: 'FAILED', model: 'gpt-4', from: new Date(2026, 0, 1).toISOString(), to: new Date(2026, 1, 1).toISOString() });
  fireEvent.change(screen.getByLabelText('From'), { target: { value: '2026-01-02' } });
  expect(change).toHaveBeenLastCalledWith({ from: '2026-01-02' });
  fireEvent.click(screen.getByRole('button', { name: 'Clear filters' }));
  expect(change).toHaveBeenLastCalledWith({ status: undefined, model: undefined, from: undefined, to: undefined });
});

it('waits, and says what went wrong', async () => {
  const { unmount } = open({}, { UsageRequests: () => undefined });
  expect(await screen.findByLabelText('Loading')).toBeDefined();
  unmount();
  open({}, { UsageRequests: () => refusal });
  expect((await screen.findByRole('alert')).textContent).toContain('The server is busy');
});

it('opens a request with its own postings and its receipt', async () => {
  open({ request: 'use_1' });
  const drawer = await screen.findByRole('dialog', { name: 'Request to gpt-4' });
  await waitFor(() => expect(drawer.textContent).toContain('Your wallet'));
  expect(drawer.textContent).not.toContain('platform');
  expect(within(drawer).getByRole('link', { name: 'Download the receipt' }).getAttribute('href')).toBe('/receipts/7');
});

it('says in words why a request failed, and what it meant for the money', async () => {
  const { node } = opened;
  if (node === null || !('latencyMs' in node)) {
    throw new Error('the example is a request');
  }
  open({ request: 'use_2' }, { UsageRequest: () => ({ node: { ...node, ...failed, transaction: null } }) });
  const drawer = await screen.findByRole('dialog', { name: 'Request to gpt-4' });
  await waitFor(() => expect(drawer.textContent).toContain('Every key that was tried failed. Nothing was charged; send it again.'));
  expect(drawer.textContent).toContain('Nothing was booked for this request.');
});

it('says that there is no such request', async () => {
  open({ request: 'use_9' }, { UsageRequest: () => ({ node: null }) });
  expect(await screen.findByText(/There is no such request/u)).toBeDefined();
});

it('shows the statement with receipts and its file', async () => {
  open({ tab: 'statement' });
  const rows = within(await screen.findByRole('table', { name: /^Statement/u })).getAllByRole('row');
  expect(rows).toHaveLength(3);
  expect(rows[1]?.textContent).toContain('Requestgpt-4−10.00 Cr40.00 Cr');
  expect(rows[2]?.textContent).toContain('GrantTo begin with+50.00 Cr50.00 Cr');
  expect(screen.getByRole('link', { name: 'Receipt of transaction 7' }).getAttribute('href')).toBe('/receipts/7');
  expect(screen.getByRole('link', { name: 'Download CSV' }).getAttribute('href')).toBe('/statement.csv');
});

it('says that a receipt is not signed yet', async () => {
  const answer = { ok: false, json: () => Promise.resolve({ errors: [{ message: 'not yet', extensions: { code: 'CONFLICT' } }] }) };
  vi.stubGlobal('fetch', () => Promise.resolve(answer));
  open({ tab: 'statement' });
  fireEvent.click(await screen.findByRole('link', { name: 'Receipt of transaction 7' }));
  expect((await screen.findByRole('alert')).textContent).toContain('not signed yet');
  vi.unstubAllGlobals();
});
