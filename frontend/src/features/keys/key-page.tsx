import { Anchor, Badge, Group, Paper, Stack, Tabs } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useQuery, useSubscription } from 'urql';
import { MyKeyDocument, type MyKeyQuery, ResourceChangedDocument } from '../../graphql/graphql.ts';
import { Page } from '../../shared/ui/page.tsx';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { ToastProvider } from '../../shared/ui/toast.tsx';
import { Facts, Models } from './facts.tsx';
import { KeyAccesses } from './key-accesses.tsx';
import { KeyActs } from './key-acts.tsx';
import { KeyRequests } from './key-requests.tsx';
import { KeyState, QuotaBar } from './key-state.tsx';
import { KeyUsage } from './key-usage.tsx';
import classes from './keys.module.css';
import { namesOf } from './names.ts';
import type { Key } from './state.ts';
import { useNow } from './use-now.ts';
import { type KeySearch, keySearch, tabs } from './search.ts';
import { useKeysWords } from './words.ts';

interface KeyPageProps {
  readonly id: string;
  readonly search: KeySearch;
  readonly go: (search: KeySearch) => void;
}

type Node = NonNullable<MyKeyQuery['node']>;
// Of a node that is something else only the id is told.
const isKey = (node: Node | null | undefined): node is Node & Key => node != null && 'maskedKey' in node;

/** One of somebody's own keys, and all that was done with it. */
export function KeyPage({ id, search, go }: KeyPageProps) {
  const t = useKeysWords();
  const [{ data, error }, read] = useQuery({ query: MyKeyDocument, variables: { id } });
  useSubscription({ query: ResourceChangedDocument });
  const now = useNow();
  const key = isKey(data?.node) ? data.node : undefined;
  return (
    <ToastProvider>
      <Page
        title={key?.label ?? t('title')}
        lead={
          <Anchor component={Link} to="/keys" size="sm">
            <IconArrowLeft size={14} aria-hidden style={{ verticalAlign: '-2px' }} /> {t('back')}
          </Anchor>
        }
      >
        {data === undefined && error === undefined && <SkeletonRows rows={8} />}
        {data == null && error !== undefined && <Trouble error={error} retry={() => read({ requestPolicy: 'network-only' })} />}
        {data != null && key === undefined && <Empty order={2} title={t('gone')} />}
        {data != null && key !== undefined && (
          <Stack>
            <Paper withBorder p="md" className={classes.card}>
              <Group justify="space-between" gap="xs">
                <KeyState of={key} names={namesOf(data)} now={now} />
                <Group gap="xs">
                  <Badge variant="default" tt="none" radius="sm">
                    {namesOf(data).provider(key.provider)}
                  </Badge>
                  <span className={classes.masked}>{key.maskedKey}</span>
                </Group>
              </Group>
              <QuotaBar of={key} />
              <Facts of={key} now={now} all />
              <Models of={key} />
              <KeyActs of={key} names={namesOf(data)} />
            </Paper>
            <Parts of={key} search={search} go={go} />
          </Stack>
        )}
      </Page>
    </ToastProvider>
  );
}

function Parts({ of: key, search, go }: { readonly of: Key; readonly search: KeySearch; readonly go: (search: KeySearch) => void }) {
  const t = useKeysWords();
  return (
    <Tabs value={search.tab ?? 'usage'} onChange={(tab) => go(keySearch({ ...search, tab }))} keepMounted={false}>
      <Tabs.List mb="md" aria-label={t('tabs')}>
        {tabs.map((tab) => (
          <Tabs.Tab key={tab} value={tab}>
            {t(tab)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="usage">
        <KeyUsage id={key.id} period={search.period ?? '7d'} pick={(period) => go(keySearch({ ...search, period }))} />
      </Tabs.Panel>
      <Tabs.Panel value="requests">
        <KeyRequests id={key.id} />
      </Tabs.Panel>
      <Tabs.Panel value="accesses">
        <KeyAccesses id={key.id} />
      </Tabs.Panel>
    </Tabs>
  );
}
