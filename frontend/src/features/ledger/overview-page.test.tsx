import { screen } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it } from 'vitest';
import type { OverviewQuery, OverviewTroublesQuery } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { OverviewPage } from './overview-page.tsx';

const overview: OverviewQuery = {
  poolOverview: {
    totalValue: '8000', activeResources: 3, contributors: 2, activeContributors: 2, platformOwned: '5000', platformShare: 0.625, userContributed: '3000', userShare: 0.375,
    creditsCharged: '15', providerCost: '0.08', profit: '14.92', depositFees: '300', requests: '2', successRate: 1,
  },
};
const troubles: OverviewTroublesQuery = {
  resources: { totalCount: 0, edges: [], pageInfo: { hasNextPage: false } },
  ledgerAudit: { transactions: '5', headSeq: '5', chainValid: true, balanced: true, balancesMatch: true, firstBadSeq: null, checkedAt: '2026-01-01T00:00:00Z', fullCheckedAt: null },
};
const answers: Answers = {
  Overview: () => overview,
  OverviewSeries: () => ({ usageSeries: [] }),
  OverviewMoves: () => ({ ledgerTransactions: { edges: [], pageInfo: { hasNextPage: false, endCursor: null } } }),
  OverviewTroubles: () => troubles,
  OverviewFeed: () => undefined,
};
const refused = () => new CombinedError({ graphQLErrors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] });
const open = (more: Answers = {}) => show(<OverviewPage period="day" change={() => {}} />, { answers: { ...answers, ...more } });

it('shows the figures and both shares', async () => {
  open();
  expect(await screen.findByText('$8 000.00')).toBeDefined();
  expect(screen.getByText('62.5 %')).toBeDefined();
  expect(screen.getByText('37.5 %')).toBeDefined();
  expect(await screen.findByText('Nothing was asked in this time')).toBeDefined();
  expect(screen.getByText('Books checked to transaction 5: they hold.')).toBeDefined();
  expect(screen.queryByRole('alert')).toBeNull();
});

it('puts what needs somebody first', async () => {
  open({
    OverviewTroubles: () => ({
      resources: {
        totalCount: 1,
        edges: [{ cursor: 'x', node: { id: 'res_1', label: 'Bob’s key', maskedKey: 'sk-…1', provider: 'openai', statusReason: 'rejected', suspendedBy: 'PROVIDER', owner: null } }],
        pageInfo: { hasNextPage: false },
      },
      ledgerAudit: { ...troubles.ledgerAudit, chainValid: false, firstBadSeq: '4' },
    }),
  });
  expect(await screen.findByText('The books do not hold')).toBeDefined();
  expect(screen.getByText('The first bad place is transaction 4.')).toBeDefined();
  expect(screen.getByText('1 key is suspended')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Look at the keys' })).toBeDefined();
});

it('says what went wrong', async () => {
  open({ Overview: refused });
  expect((await screen.findByRole('alert')).textContent).toContain('You are not allowed to do this.');
});
