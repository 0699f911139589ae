import { Alert, Button, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { type PoolUsageLogFilter, UsageRequestsDocument } from '../../graphql/graphql.ts';
import { isOwn } from '../../shared/own-requests.ts';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { useWalletChange } from '../../shared/use-wallet-change.ts';
import { isAdmin, useViewer } from '../../shared/viewer.tsx';
import { ExportButton, type Exported } from './export-button.tsx';
import { type Change, FilterBar } from './filter-bar.tsx';
import { More } from './more.tsx';
import type { UsageRow } from './request-file.ts';
import { RequestTable } from './request-table.tsx';
import { filterOf, narrowed, type UsageSearch } from './search.ts';
import classes from './usage.module.css';
import { usePages, usePlace } from './use-pages.ts';
import { useUsageWords } from './words.ts';

const page = 50;

/** Reads the requests that a filter lets through. */
function useRequests(filter: PoolUsageLogFilter) {
  const list = JSON.stringify(filter);
  const place = usePlace(list);
  const { after } = place;
  // What an end in the future asks for anew is in no cache; what is over does not change.
  const [{ data, error, fetching, stale, operation }, again] = useQuery({ query: UsageRequestsDocument, variables: { filter, first: page, after }, requestPolicy: 'cache-first' });
  const asked = operation?.variables;
  const there = data != null && !fetching && !stale && asked !== undefined && JSON.stringify(asked.filter) === list && (asked.after ?? null) === after;
  const { edges = [], pageInfo } = data?.usageLogs ?? {};
  return usePages<UsageRow>(place, {
    page: there ? { list, after, rows: edges.map(({ node }) => node), next: pageInfo?.hasNextPage === true ? pageInfo.endCursor : null } : undefined,
    error,
    retry: () => again({ requestPolicy: 'network-only' }),
  });
}

/** The requests that the viewer made. */
export function Requests({ search, change }: { readonly search: UsageSearch; readonly change: Change }) {
  const t = useUsageWords();
  const viewer = useViewer();
  const [visit, setVisit] = useState(() => Date.now());
  const [newer, setNewer] = useState(false);
  const [exported, setExported] = useState<Exported>({});
  const { status, model, from, to } = search;
  const filter = useMemo(
    () => filterOf({ ...(status && { status }), ...(model && { model }), ...(from && { from }), ...(to && { to }) }, visit, isAdmin(viewer) ? viewer.id : undefined),
    [status, model, from, to, visit, viewer],
  );
  const pages = useRequests(filter);
  const rows = useMemo(() => pages.rows?.filter((row) => isOwn(row, viewer)), [pages.rows, viewer]);
  useWalletChange(() => {
    // Who reads further down is not interrupted.
    if (window.scrollY < 80 && search.request === undefined) {
      setVisit(Date.now());
    } else {
      setNewer(true);
    }
  });
  // Among many requests on their keys a contributor's own may be far apart.
  const { more, reading, readMore } = pages;
  const sparse = rows !== undefined && rows.length < 20 && more && !reading;
  useEffect(() => {
    if (sparse) {
      readMore();
    }
  }, [sparse, readMore]);
  return (
    <Stack gap="md">
      <FilterBar search={search} change={change}>
        <ExportButton filter={filter} then={setExported} />
      </FilterBar>
      {exported.error !== undefined && <Trouble error={exported.error} />}
      {exported.cut !== undefined && (
        <Alert color="yellow" variant="light">
          {t('exportCut', { n: exported.cut })}
        </Alert>
      )}
      {newer && (
        <Button
          variant="light"
          size="compact-sm"
          style={{ alignSelf: 'center' }}
          onClick={() => {
            setNewer(false);
            setVisit(Date.now());
            window.scrollTo({ top: 0 });
          }}
        >
          {t('newer')}
        </Button>
      )}
      {rows === undefined && (pages.error === undefined ? <SkeletonRows rows={10} /> : <Trouble error={pages.error} retry={pages.retry} />)}
      {rows?.length === 0 && !more && <Nothing narrow={narrowed(search)} />}
      {rows?.length === 0 && more && (
        <Text size="sm" c="dimmed" component="output">
          {t('searching')}
        </Text>
      )}
      {rows !== undefined && rows.length > 0 && (
        <div className={classes.frame}>
          <RequestTable rows={rows} />
        </div>
      )}
      {rows !== undefined && (rows.length > 0 || more) && <More pages={pages} />}
    </Stack>
  );
}

function Nothing({ narrow }: { readonly narrow: boolean }) {
  const t = useUsageWords();
  return narrow ? (
    <Empty title={t('noMatch')}>{t('noMatchTold')}</Empty>
  ) : (
    <Empty
      title={t('none')}
      action={
        <Button component={Link} to="/playground">
          {t('playground')}
        </Button>
      }
    >
      {t('noneTold')}
    </Empty>
  );
}
