import { configure, fireEvent, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import type { KeyAccessesQuery, KeyRequestsQuery, KeyUsageQuery, MyKeyQuery, ViewerQuery } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { ViewerProvider } from '../../shared/viewer.tsx';
import { KeyPage } from './key-page.tsx';
import { type KeySearch, keySearch } from './search.ts';
import { aKey } from './testing.ts';

// Dialogs are loaded when they are asked for, which takes its time where the machine is busy.
configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });

const viewer: NonNullable<ViewerQuery['viewer']> = { id: 'usr_1', displayName: 'Bob', email: null, roles: ['USER'], status: 'ACTIVE', emailVerifiedAt: null, wallet: null };
const found = (node: MyKeyQuery['node']): MyKeyQuery => ({ node, providers: [{ key: 'openai', name: 'OpenAI' }], rate: { feeRate: 0.1 } });
const page = { hasNextPage: false, endCursor: null };
const usage: KeyUsageQuery = { usageSeries: [] };

function open(search: KeySearch, answers: Answers) {
  const go = vi.fn<(search: KeySearch) => void>();
  show(
    <ViewerProvider viewer={viewer}>
      <KeyPage id="res_1" search={search} go={go} />
    </ViewerProvider>,
    { answers: { Viewer: (): ViewerQuery => ({ viewer }), WalletChanged: () => undefined, ResourceChanged: () => undefined, MyKey: () => found(aKey()), KeyUsage: () => usage, ...answers } },
  );
  return go;
}

it('shows a key and what was taken from it', async () => {
  const at = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000).toISOString();
  const point = { at, group: 'res_1', requests: '3', failed: '1', promptTokens: '10', completionTokens: '5', costAmount: '0.03' };
  const go = open({}, { KeyUsage: (): KeyUsageQuery => ({ usageSeries: [point, { ...point, group: 'res_2', costAmount: '5' }] }) });
  expect(await screen.findByRole('heading', { name: 'Work', level: 1 })).toBeDefined();
  expect(screen.getByText('OpenAI')).toBeDefined();
  expect(await screen.findByRole('cell', { name: '$0.03' })).toBeDefined();
  fireEvent.click(screen.getByRole('tab', { name: 'Accesses' }));
  expect(go).toHaveBeenCalledWith({ tab: 'accesses' });
});

it('lists requests without who asked', async () => {
  const log: KeyRequestsQuery['usageLogs']['edges'][number]['node'] = {
    id: 'log_1', createdAt: '2026-01-02T03:04:05Z', status: 'SUCCEEDED', model: 'gpt-4', promptTokens: 2000, completionTokens: 1000, latencyMs: 420, costAmount: '0.05',
    routingReason: 'lowest_cost', errorCode: null,
  };
  const failed = { ...log, id: 'log_2', status: 'FAILED' as const, errorCode: 'UPSTREAM_FAILED', costAmount: '0' };
  open({ tab: 'requests' }, { KeyRequests: (): KeyRequestsQuery => ({ usageLogs: { totalCount: 2, pageInfo: page, edges: [{ node: log }, { node: failed }] } }) });
  expect(await screen.findByText('$0.05')).toBeDefined();
  expect(screen.getAllByText('lowest cost')).toHaveLength(2);
  expect(screen.getByText('UPSTREAM_FAILED')).toBeDefined();
});

it('lists each time the key was opened', async () => {
  open(
    { tab: 'accesses' },
    { KeyAccesses: (): KeyAccessesQuery => ({ keyAccesses: { totalCount: 1, pageInfo: page, edges: [{ node: { id: 'acc_1', at: '2026-01-02T03:04:05Z', purpose: 'verify' } }] } }) },
  );
  expect(await screen.findByText('It was tested')).toBeDefined();
});

it('says that there is no such key', async () => {
  open({}, { MyKey: () => found(null) });
  expect(await screen.findByText('There is no such key, or it is not yours.')).toBeDefined();
});

it('keeps in the address what is not the default', () => {
  expect(keySearch({ tab: 'usage', period: '7d', other: 1 })).toEqual({});
  expect(keySearch({ tab: 'requests', period: '30d' })).toEqual({ tab: 'requests', period: '30d' });
});
