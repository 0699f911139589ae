import { Anchor, Button, Group, Paper, SimpleGrid, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useQuery } from 'urql';
import { RoutingOfDocument, RoutingSettingsDocument } from '../../graphql/graphql.ts';
import { Credits } from '../../shared/ui/money.tsx';
import { Page } from '../../shared/ui/page.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { When } from '../../shared/ui/when.tsx';
import { showAmount } from '../../shared/money.ts';
import { Decision } from './decision.tsx';
import { Preview } from './routing-preview.tsx';
import { useRoutingWords } from './routing-page-words.ts';
import type { RoutingSearch } from './routing-search.ts';
import { useDecisionWords } from './routing-words.ts';

interface RoutingPageProps {
  readonly search: RoutingSearch;
  readonly change: (change: { readonly [K in keyof RoutingSearch]?: RoutingSearch[K] | undefined }) => void;
}

/** Which key serves a request, and why: the rules, a preview, and any past request. */
export function RoutingPage({ search, change }: RoutingPageProps) {
  const t = useRoutingWords();
  const past = <Past key={search.request ?? ''} request={search.request} find={(request) => change({ request })} />;
  return (
    <Page title={t('title')} lead={t('lead')}>
      {search.request !== undefined && past}
      <Rules />
      <Preview model={search.model} change={(model) => change({ model })} />
      {search.request === undefined && past}
    </Page>
  );
}

function Part({ title, action, children }: { readonly title: string; readonly action?: ReactNode; readonly children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {title}
          </Title>
          {action}
        </Group>
        {children}
      </Stack>
    </Paper>
  );
}

const factor = (n: number) => String(Math.round(n * 1000) / 1000);

function Rules() {
  const t = useRoutingWords();
  const part = useDecisionWords();
  const [{ data, error }, again] = useQuery({ query: RoutingSettingsDocument });
  const settings = data?.settings;
  return (
    <Part
      title={t('rules')}
      action={
        <Anchor component={Link} to="/admin/settings" size="sm">
          {t('settings')}
        </Anchor>
      }
    >
      {error !== undefined && settings === undefined && <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
      {settings === undefined && error === undefined && <Skeleton height={80} />}
      {settings !== undefined && (
        <>
          <Text size="sm">{t('formula', { cost: factor(settings.costWeight), performance: factor(settings.performanceWeight), reliability: factor(settings.reliabilityWeight) })}</Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Rows
              title={t('weights')}
              rows={[
                [part('cost'), factor(settings.costWeight)],
                [part('performance'), factor(settings.performanceWeight)],
                [part('reliability'), factor(settings.reliabilityWeight)],
              ]}
            />
            <Rows
              title={t('penalties')}
              rows={[
                [t('platformOwned'), `× ${factor(settings.platformOwnedFactor)}`],
                [t('lowQuota', { amount: `$${showAmount(settings.lowQuotaThreshold, 2).text}` }), `× ${factor(settings.lowQuotaFactor)}`],
                [t('usedRecently', { seconds: settings.usedRecentlySeconds }), `× ${factor(settings.usedRecentlyFactor)}`],
              ]}
            />
          </SimpleGrid>
          <Text size="sm" c="dimmed">
            {t('backup')}
          </Text>
        </>
      )}
    </Part>
  );
}

function Rows({ title, rows }: { readonly title: string; readonly rows: readonly (readonly [string, string])[] }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      {rows.map(([name, value]) => (
        <Group key={name} justify="space-between" py={4} style={{ borderTop: '1px solid var(--hairline)' }}>
          <Text size="sm">{name}</Text>
          <Text size="sm" fw={600} className="money">
            {value}
          </Text>
        </Group>
      ))}
    </div>
  );
}

function Past({ request, find }: { readonly request: string | undefined; readonly find: (request: string | undefined) => void }) {
  const t = useRoutingWords();
  const [text, setText] = useState(request ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    find(text.trim() === '' ? undefined : text.trim());
  };
  return (
    <Part title={t('past')}>
      <form onSubmit={submit}>
        <Group align="flex-end" gap="xs">
          <TextInput label={t('id')} description={t('pastTold')} value={text} onChange={(event) => setText(event.currentTarget.value)} flex="1 1 240px" spellCheck={false} />
          <Button type="submit" variant="default">
            {t('find')}
          </Button>
        </Group>
      </form>
      {request !== undefined && <Request id={request} />}
    </Part>
  );
}

function Request({ id }: { readonly id: string }) {
  const t = useRoutingWords();
  const decision = useDecisionWords();
  const [{ data, error, fetching }, again] = useQuery({ query: RoutingOfDocument, variables: { id } });
  const log = data?.node != null && 'routing' in data.node ? data.node : undefined;
  if (log === undefined) {
    if (error !== undefined) {
      return <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />;
    }
    return fetching ? <SkeletonRows rows={4} /> : <Text>{t('missing')}</Text>;
  }
  return (
    <Stack gap="sm">
      <Group gap="md">
        <Text fw={600}>{log.model}</Text>
        <Text>{log.user?.displayName}</Text>
        <When at={log.createdAt} />
        {log.creditsCharged !== null && <Credits amount={log.creditsCharged} />}
        {log.transaction !== null && (
          <Anchor component={Link} to="/admin/ledger" search={{ row: log.transaction.id } as never} size="sm">
            {t('entry')}
          </Anchor>
        )}
      </Group>
      {log.routing === null ? <Text c="dimmed">{decision('notKept')}</Text> : <Decision decision={log.routing} kept />}
    </Stack>
  );
}
