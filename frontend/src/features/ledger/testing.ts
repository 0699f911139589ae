// Rows for tests.
import type { LedgerEntryFragment, LedgerUseFragment } from '../../graphql/graphql.ts';
import type { Told } from './books.ts';
import { type Row, rowOf } from './rows.ts';

/** What a request was, as the API tells it. */
export const use: LedgerUseFragment = {
  id: 'use_1',
  status: 'SUCCEEDED',
  model: 'gpt-4',
  promptTokens: 2000,
  completionTokens: 1000,
  costAmount: '0.05',
  creditsCharged: '10',
  routingReason: 'lowest_cost',
  user: { id: 'usr_tom', displayName: 'Tom' },
  resourceOwner: { id: 'usr_bob', displayName: 'Bob' },
  resource: { id: 'res_bob', label: 'Bob’s key', maskedKey: 'sk-…9f3c', ownerType: 'USER' },
};

/** The transaction of that request. */
export const entry = (seq: number): LedgerEntryFragment => ({
  id: `txn_${seq}`,
  seq: String(seq),
  kind: 'USAGE',
  createdAt: '2026-01-01T12:34:56.902Z',
  memo: 'gpt-4',
  postings: [
    { account: 'wallet:usr_tom', asset: 'CREDIT', amount: '-10' },
    { account: 'platform.revenue', asset: 'CREDIT', amount: '10' },
    { account: 'resource:res_bob', asset: 'USD', amount: '-0.05' },
    { account: 'provider.spent', asset: 'USD', amount: '0.05' },
  ],
});

export const row = (seq: number, more: Partial<Row> = {}): Row => ({ ...rowOf(entry(seq), use), ...more });

export const fed = (seq: number): Told => ({ cursor: `cursor ${seq}`, seq: BigInt(seq), row: row(seq) });
