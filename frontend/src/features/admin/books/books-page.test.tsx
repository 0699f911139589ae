import { screen } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it, vi } from 'vitest';
import type { BooksCheckpointQuery, BooksQuery } from '../../../graphql/graphql.ts';
import { type Answers, show } from '../../../shared/testing/render.tsx';
import { BooksPage } from './books-page.tsx';

// Looking for roles takes its time where much else runs.
vi.setConfig({ testTimeout: 30_000 });

const audit: BooksQuery['ledgerAudit'] = {
  transactions: '1234', headSeq: '1234', headHash: 'abc', chainValid: true, balanced: true, balancesMatch: true, firstBadSeq: null, checkedAt: '2026-01-01T00:00:00Z', fromSeq: '0', fullCheckedAt: null, fullHeadSeq: null,
};
const checkpoint: BooksCheckpointQuery = {
  ledgerTransactions: { edges: [{ node: { id: 'txn_1', seq: '1200', hash: 'h', createdAt: '2026-01-01T00:00:00Z', proof: { checkpoint: 'resourcepool-ledger\n1200\nroot', index: '1199', size: '1200' } } }] },
};
const open = (more: Answers = {}) => show(<BooksPage />, { answers: { Books: () => ({ ledgerAudit: audit }), BooksCheckpoint: () => checkpoint, ...more } });

it('says that the books hold, and what was checked', async () => {
  open();
  expect(await screen.findByText('The books hold')).toBeDefined();
  expect(screen.getByText('All three checks passed, up to transaction 1 234.')).toBeDefined();
  expect(screen.getAllByText('holds')).toHaveLength(3);
  expect(await screen.findByText(/resourcepool-ledger/u)).toBeDefined();
  expect(screen.getByRole('link', { name: /^Receipt of transaction 1\s200$/u }).getAttribute('href')).toBe('/receipts/1200');
  expect(screen.queryByRole('alert')).toBeNull();
});

it('says where they break, and what to do', async () => {
  open({ Books: () => ({ ledgerAudit: { ...audit, chainValid: false, firstBadSeq: '17' } }) });
  expect((await screen.findByRole('alert')).textContent).toContain('The first bad place is transaction 17.');
  expect(screen.getAllByText('broken')).toHaveLength(1);
});

it('says that there is no checkpoint yet', async () => {
  open({ BooksCheckpoint: () => ({ ledgerTransactions: { edges: [] } }) });
  expect(await screen.findByText(/No checkpoint yet/u)).toBeDefined();
});

it('waits, and says what went wrong', async () => {
  open({ Books: () => undefined }).unmount();
  open({ Books: () => new CombinedError({ graphQLErrors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }) });
  expect((await screen.findByRole('alert')).textContent).toContain('You are not allowed to do this.');
});
