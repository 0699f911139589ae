import { Button, Group, SimpleGrid, Stack, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useQuery, useSubscription } from 'urql';
import { MyKeysDocument, type MyKeysQuery, ResourceChangedDocument } from '../../graphql/graphql.ts';
import { showAmount } from '../../shared/money.ts';
import { Figure } from '../../shared/ui/figure.tsx';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import { Page } from '../../shared/ui/page.tsx';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { ToastProvider } from '../../shared/ui/toast.tsx';
import { KeyCard } from './key-card.tsx';
import classes from './keys.module.css';
import { type Names, namesOf, showCount } from './names.ts';
import { isOver, type Key } from './state.ts';
import { useNow } from './use-now.ts';
import type { KeysSearch } from './search.ts';
import { useKeysWords } from './words.ts';

const page = 50;

interface KeysProps {
  readonly search: KeysSearch;
  readonly go: (search: KeysSearch) => void;
}

/** Somebody's own keys, as they are now. */
export function KeysPage({ search, go }: KeysProps) {
  const t = useKeysWords();
  const [after, setAfter] = useState<string | null>(null);
  const [{ data, error }, read] = useQuery({ query: MyKeysDocument, variables: { first: page, after } });
  // What changes is in the cache by its id; a key that is new needs the list again.
  const [{ data: news }] = useSubscription({ query: ResourceChangedDocument });
  const viewer = data?.viewer;
  const list = viewer?.resources;
  const changed = news?.resourceChanged;
  const added = viewer != null && list != null && changed?.owner?.id === viewer.id && !list.edges.some(({ node }) => node.id === changed.id) ? changed.id : undefined;
  useEffect(() => {
    if (added !== undefined) {
      read({ requestPolicy: 'network-only' });
    }
  }, [added, read]);
  return (
    <ToastProvider>
      <Page
        title={t('title')}
        lead={t('lead')}
        actions={
          <Button component={Link} to="/deposit">
            {t('deposit')}
          </Button>
        }
      >
        {data === undefined && error === undefined && <SkeletonRows rows={8} />}
        {list == null && error !== undefined && <Trouble error={error} retry={() => read({ requestPolicy: 'network-only' })} />}
        {viewer?.pool != null && <Totals pool={viewer.pool} />}
        {data != null && list != null && <Lists keys={list.edges.map(({ node }) => node)} names={namesOf(data)} search={search} go={go} />}
        {list?.pageInfo.hasNextPage === true && (
          <Group justify="center">
            <Button variant="default" onClick={() => setAfter(list.pageInfo.endCursor ?? null)}>
              {t('more')}
            </Button>
          </Group>
        )}
      </Page>
    </ToastProvider>
  );
}

type Pool = NonNullable<NonNullable<MyKeysQuery['viewer']>['pool']>;

function Totals({ pool }: { readonly pool: Pool }) {
  const t = useKeysWords();
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
      <Figure label={t('contributed')} note={t('contributedNote', { credits: showAmount(pool.creditsIssued, 2).text })}>
        <Dollars amount={pool.resourcesContributed} places={2} />
      </Figure>
      <Figure label={t('remaining')} note={t(pool.standing)}>
        <Dollars amount={pool.remaining} places={2} />
      </Figure>
      <Figure label={t('consumed')} note={t('consumedNote', { count: showCount(pool.requests) })}>
        <Dollars amount={pool.resourceConsumed} places={2} />
      </Figure>
      <Figure label={t('revenue')} note={t('revenueNote')}>
        <Credits amount={pool.platformRevenue} places={2} />
      </Figure>
    </SimpleGrid>
  );
}

function Lists({ keys, names, search, go }: KeysProps & { readonly keys: readonly Key[]; readonly names: Names }) {
  const t = useKeysWords();
  const now = useNow();
  const living = keys.filter((key) => !isOver(key));
  const over = keys.filter(isOver);
  return (
    <Stack gap="lg">
      {living.length === 0 ? (
        <Empty
          order={2}
          title={t('emptyTitle')}
          action={
            <Button component={Link} to="/deposit" mt="xs">
              {t('deposit')}
            </Button>
          }
        >
          {t('emptyText')}
        </Empty>
      ) : (
        <section aria-labelledby="living">
          <Title order={2} size="md" mb="sm" id="living">
            {t('living')}
          </Title>
          <Cards keys={living} names={names} now={now} />
        </section>
      )}
      {over.length > 0 && (
        <section aria-labelledby="over">
          <Title order={2} size="md" mb="sm" id="over">
            <Button variant="subtle" size="compact-md" ml={-8} aria-expanded={search.over === true} onClick={() => go(search.over === true ? {} : { over: true })}>
              {t('over', { count: over.length })}
            </Button>
          </Title>
          {search.over === true && <Cards keys={over} names={names} now={now} />}
        </section>
      )}
    </Stack>
  );
}

function Cards({ keys, names, now }: { readonly keys: readonly Key[]; readonly names: Names; readonly now: Date }) {
  return (
    <div className={classes.cards}>
      {keys.map((key) => (
        <KeyCard key={key.id} of={key} names={names} now={now} />
      ))}
    </div>
  );
}
