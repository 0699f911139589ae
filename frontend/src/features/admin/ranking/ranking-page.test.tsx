import { fireEvent, screen, within } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it, vi } from 'vitest';
import type { RankingQuery } from '../../../graphql/graphql.ts';
import { show } from '../../../shared/testing/render.tsx';
import { RankingPage } from './ranking-page.tsx';
import { readSearch } from './search.ts';

// Looking for roles takes its time where much else runs.
vi.setConfig({ testTimeout: 30_000 });

const ranking: RankingQuery = {
  contributors: {
    totalCount: 1,
    pageInfo: { hasNextPage: false, endCursor: null },
    edges: [
      {
        node: {
          id: 'plg_1', owner: { id: 'usr_bob', displayName: 'Bob' }, resourcesContributed: '1000', resourceConsumed: '950.08', remaining: '49.92', creditsIssued: '900', platformRevenue: '15', platformProfit: '14.92', requests: '1234', standing: 'LOW',
        },
      },
    ],
  },
};

it('ranks who contributed, and orders by what is pressed', async () => {
  const change = vi.fn<(change: unknown) => void>();
  show(<RankingPage search={{}} change={change} />, { answers: { Ranking: () => ranking } });
  const row = within(await screen.findByRole('row', { name: /Bob/u }));
  const cells = row.getAllByRole('cell').map(({ textContent }) => textContent.replaceAll('\u202F', ' '));
  expect(cells).toEqual(['$1 000.00', '$950.08', '$49.92', '900.00 Cr', '15.00 Cr', '+14.92 Cr', '1 234', 'Low']);
  expect(screen.getByRole('columnheader', { name: 'Contributed' }).getAttribute('aria-sort')).toBe('descending');
  fireEvent.click(screen.getByRole('button', { name: 'Requests' }));
  expect(change).toHaveBeenLastCalledWith({ order: 'REQUESTS', direction: 'DESC' });
  fireEvent.click(screen.getByRole('button', { name: 'Contributed' }));
  expect(change).toHaveBeenLastCalledWith({ order: 'RESOURCES_CONTRIBUTED', direction: 'ASC' });
});

it('says that nobody deposited, or what went wrong', async () => {
  show(<RankingPage search={{}} change={() => {}} />, { answers: { Ranking: () => ({ contributors: { ...ranking.contributors, edges: [], totalCount: 0 } }) } }).unmount();
  show(<RankingPage search={{}} change={() => {}} />, { answers: { Ranking: () => new CombinedError({ graphQLErrors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }) } });
  expect((await screen.findByRole('alert')).textContent).toContain('You are not allowed to do this.');
});

it('reads the address', () => {
  expect(readSearch({ order: 'REQUESTS', direction: 'UP' })).toEqual({ order: 'REQUESTS' });
});
