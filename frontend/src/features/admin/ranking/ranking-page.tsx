import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { RankingDocument, type PoolLedgerOrderField, type RankingQuery } from '../../../graphql/graphql.ts';
import { Credits, Dollars } from '../../../shared/ui/money.tsx';
import { Page } from '../../../shared/ui/page.tsx';
import { Empty } from '../../../shared/ui/states.tsx';
import { count } from '../lists/count.ts';
import { useEndless } from '../lists/endless.ts';
import { type Column, EndlessTable } from '../lists/rows-table.tsx';
import type { Change } from '../lists/search.ts';
import { StandingWord } from '../lists/state-word.tsx';
import type { RankingSearch } from './search.ts';
import { useRankingWords } from './words.ts';

type Row = RankingQuery['contributors']['edges'][number]['node'];

/** Who brought how much, and what it earned. */
export function RankingPage({ search, change }: { readonly search: RankingSearch; readonly change: Change<RankingSearch> }) {
  const t = useRankingWords();
  const { order: field = 'RESOURCES_CONTRIBUTED', direction = 'DESC' } = search;
  const list = useEndless(
    RankingDocument,
    (after) => ({ first: 50, after, orderBy: { field, direction } }),
    (data) => data.contributors,
  );
  return (
    <Page title={t('title')} lead={t('lead')}>
      <EndlessTable
        label={t('title')}
        list={list}
        columns={columnsOf(t)}
        order={{ field, direction, change: (order, next) => change({ order, direction: next }) }}
        empty={<Empty title={t('empty')}>{t('emptyTold')}</Empty>}
      />
    </Page>
  );
}

function Contributor({ id, name }: { readonly id: string; readonly name: string }) {
  return (
    <Anchor component={Link} to="/admin/people" search={{ row: id } as never} c="var(--ink)" fw={600} size="sm" title={name}>
      {name}
    </Anchor>
  );
}

function columnsOf(t: ReturnType<typeof useRankingWords>): readonly Column<Row, PoolLedgerOrderField>[] {
  return [
    { title: t('contributor'), cell: ({ owner }) => <Contributor id={owner.id} name={owner.displayName} /> },
    { title: t('contributed'), cell: (row) => <Dollars amount={row.resourcesContributed} places={2} />, amount: true, order: 'RESOURCES_CONTRIBUTED' },
    { title: t('used'), cell: (row) => <Dollars amount={row.resourceConsumed} />, amount: true, order: 'RESOURCE_CONSUMED' },
    { title: t('remaining'), cell: (row) => <Dollars amount={row.remaining} />, amount: true },
    { title: t('issued'), cell: (row) => <Credits amount={row.creditsIssued} places={2} />, amount: true },
    { title: t('revenue'), cell: (row) => <Credits amount={row.platformRevenue} />, amount: true, order: 'PLATFORM_REVENUE' },
    { title: t('profit'), cell: (row) => <Credits amount={row.platformProfit} signed />, amount: true },
    { title: t('requests'), cell: (row) => count(row.requests), amount: true, order: 'REQUESTS' },
    { title: t('standing'), cell: (row) => <StandingWord standing={row.standing} /> },
  ];
}
