import { Alert, Anchor, Group, Paper, SegmentedControl, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { useQuery } from 'urql';
import { type OverviewQuery, type OverviewTroublesQuery, OverviewTroublesDocument } from '../../graphql/graphql.ts';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import { Page } from '../../shared/ui/page.tsx';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { chart } from './change.ts';
import { count, percent } from './count.ts';
import classes from './overview.module.css';
import { Figures } from './overview-figures.tsx';
import { useOverviewWords } from './overview-words.ts';
import type { Period } from './period.ts';
import { useOverview } from './use-overview.ts';

const Charts = lazy(() => import('./overview-charts.tsx'));

/** What is in the pool, what it earns, and what needs somebody. */
export function OverviewPage({ period, change }: { readonly period: Period; readonly change: (period: Period) => void }) {
  const t = useOverviewWords();
  const { overview, hours, month, moves, now, refresh } = useOverview();
  const pool = overview.data?.poolOverview;
  const series = period === 'day' ? hours : month;
  const points = series.data?.usageSeries;
  const drawn = useMemo(
    () => (points === undefined || pool === undefined || moves === undefined ? undefined : chart(points, moves.moves, pool.totalValue, now, period === 'day' ? 'HOUR' : 'DAY')),
    [points, pool, moves, now, period],
  );
  const error = overview.error ?? hours.error ?? month.error;
  const used = drawn?.some(({ succeeded, failed, came }) => succeeded + failed > 0 || came !== 0) === true;
  return (
    <Page title={t('title')} lead={t('lead')}>
      <Needs />
      {error !== undefined && pool === undefined && <Trouble error={error} retry={refresh} />}
      {pool === undefined && error === undefined && <SkeletonRows />}
      {pool !== undefined && (
        <>
          <Figures pool={pool} hours={hours.data?.usageSeries ?? []} moves={moves?.moves ?? []} now={now} />
          <Split pool={pool} />
          <Group justify="space-between">
            <Title order={2} size="h4">
              {t('valueChart')}
            </Title>
            <SegmentedControl
              size="xs"
              aria-label={t('period')}
              value={period}
              onChange={(value) => change(value === 'month' ? 'month' : 'day')}
              data={[
                { value: 'day', label: t('day') },
                { value: 'month', label: t('month') },
              ]}
            />
          </Group>
          {drawn !== undefined && used && (
            <Suspense fallback={<Skeleton height={240} />}>
              <Charts drawn={drawn} bucket={period === 'day' ? 'HOUR' : 'DAY'} cut={moves?.cut === true} />
            </Suspense>
          )}
          {drawn !== undefined && !used && <Empty title={t('noUse')}>{t('noUseTold')}</Empty>}
          {drawn === undefined && <Skeleton height={240} />}
          <Sums pool={pool} />
        </>
      )}
    </Page>
  );
}

type Pool = OverviewQuery['poolOverview'];

function Split({ pool }: { readonly pool: Pool }) {
  const t = useOverviewWords();
  const sides = [
    { name: t('platform'), value: pool.platformOwned, share: pool.platformShare, className: classes.platform },
    { name: t('users'), value: pool.userContributed, share: pool.userShare, className: classes.users },
  ];
  return (
    <Paper withBorder p="md">
      <Title order={2} size="sm" mb="xs">
        {t('split')}
      </Title>
      <div className={classes.split} aria-hidden>
        {sides.map(({ name, share, className }) => (
          <span key={name} className={className} style={{ width: `${share * 100}%` }} />
        ))}
      </div>
      <Group justify="space-between" mt="xs">
        {sides.map(({ name, value, share, className }) => (
          <Text key={name} size="sm" component="div">
            <span className={`${classes.swatch} ${className}`} aria-hidden /> {name} <Dollars amount={value} places={2} /> · <strong className="money">{percent(share)}</strong>
          </Text>
        ))}
      </Group>
    </Paper>
  );
}

function Sums({ pool }: { readonly pool: Pool }) {
  const t = useOverviewWords();
  const sums = [
    [t('requests'), <span key="requests" className="money">{count(pool.requests)}</span>],
    [t('charged'), <Credits key="charged" amount={pool.creditsCharged} />],
    [t('cost'), <Dollars key="cost" amount={pool.providerCost} />],
    [t('profitAll'), <Credits key="profit" amount={pool.profit} signed />],
    [t('fees'), <Credits key="fees" amount={pool.depositFees} />],
  ] as const;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="sm" mb="xs">
        {t('sums')}
      </Title>
      <SimpleGrid cols={{ base: 2, sm: 5 }} component="dl" m={0}>
        {sums.map(([name, value]) => (
          <div key={name}>
            <Text component="dt" size="sm" c="dimmed">
              {name}
            </Text>
            <Text component="dd" m={0} fw={600}>
              {value}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </Paper>
  );
}

/** What needs somebody: nothing is said where there is nothing. */
function Needs() {
  const t = useOverviewWords();
  const [{ data }] = useQuery({ query: OverviewTroublesDocument });
  if (data === undefined) {
    return null;
  }
  const { ledgerAudit: audit, resources } = data;
  const holds = audit.chainValid && audit.balanced && audit.balancesMatch;
  return (
    <Stack gap="xs">
      {!holds && <BadBooks audit={audit} />}
      {resources.totalCount > 0 && <Suspended resources={resources} />}
      {holds && (
        <Text size="sm" c="var(--good)">
          <IconCheck size={14} aria-hidden /> {t('checked', { seq: count(audit.headSeq) })}
        </Text>
      )}
    </Stack>
  );
}

function BadBooks({ audit }: { readonly audit: OverviewTroublesQuery['ledgerAudit'] }) {
  const t = useOverviewWords();
  return (
    <Alert color="red" variant="light" role="alert" title={t('audit')} icon={<IconAlertTriangle aria-hidden />}>
      {!audit.chainValid && <Text size="sm">{t('auditChain')}</Text>}
      {!audit.balanced && <Text size="sm">{t('auditBalanced')}</Text>}
      {!audit.balancesMatch && <Text size="sm">{t('auditBalances')}</Text>}
      {audit.firstBadSeq !== null && <Text size="sm">{t('auditAt', { seq: count(audit.firstBadSeq) })}</Text>}
      <Anchor component={Link} to="/admin/books" size="sm">
        {t('books')}
      </Anchor>
    </Alert>
  );
}

function Suspended({ resources }: { readonly resources: OverviewTroublesQuery['resources'] }) {
  const t = useOverviewWords();
  const by = { PROVIDER: 'bySuspended', MONITOR: 'byMonitor', ADMIN: 'byAdmin' } as const;
  return (
    <Alert color="yellow" variant="light" className={classes.needs} title={t('suspended', { count: resources.totalCount })} icon={<IconAlertTriangle aria-hidden />}>
      <ul className={classes.list}>
        {resources.edges.slice(0, 5).map(({ node }) => (
          <li key={node.id}>
            <strong>{node.label === '' ? node.maskedKey : node.label}</strong> · {node.owner?.displayName ?? t('platform')} · {node.suspendedBy === null ? '' : t(by[node.suspendedBy])}
            {node.statusReason === null ? '' : `: ${node.statusReason}`}
          </li>
        ))}
      </ul>
      <Anchor component={Link} to="/admin/resources" size="sm">
        {t('look')}
      </Anchor>
    </Alert>
  );
}
