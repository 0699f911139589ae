import { Anchor, Button, Drawer, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { useQuery } from 'urql';
import { LedgerRowDocument } from '../../graphql/graphql.ts';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { When } from '../../shared/ui/when.tsx';
import { Chain } from './chain.tsx';
import { count } from './count.ts';
import { Decision } from './decision.tsx';
import classes from './row-drawer.module.css';
import { Postings } from './postings.tsx';
import { useDecisionWords } from './routing-words.ts';
import { rowOf, type Transaction } from './rows.ts';
import { useNames } from './use-names.ts';
import { useLedgerWords, useRowWords } from './words.ts';

interface RowDrawerProps {
  readonly id: string | undefined;
  readonly close: () => void;
  readonly open: (id: string) => void;
  readonly only: (person: string) => void;
}

/** All of a transaction: the request, its postings, its place in the chain, and why this key. */
export function RowDrawer({ id, close, open, only }: RowDrawerProps) {
  const t = useLedgerWords();
  return (
    <Drawer.Root opened={id !== undefined} onClose={close} position="right" size={720} classNames={{ content: classes.drawer }}>
      <Drawer.Overlay backgroundOpacity={0.3} />
      <Drawer.Content>{id !== undefined && <Opened id={id} closeLabel={t('close')} open={open} only={only} />}</Drawer.Content>
    </Drawer.Root>
  );
}

function Opened({ id, closeLabel, open, only }: Pick<RowDrawerProps, 'open' | 'only'> & { readonly id: string; readonly closeLabel: string }) {
  const t = useRowWords();
  const [{ data, error, fetching }, again] = useQuery({ query: LedgerRowDocument, variables: { id } });
  const found = data?.node != null && 'seq' in data.node && data.node.id === id ? data.node : undefined;
  return (
    <>
      <Drawer.Header component="div" className={classes.header}>
        <Drawer.Title fw={600} fz="lg">
          {found === undefined ? '…' : t('title', { seq: count(found.seq) })}
        </Drawer.Title>
        <Drawer.CloseButton aria-label={closeLabel} />
      </Drawer.Header>
      <Drawer.Body>
        {error !== undefined && found === undefined && <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
        {fetching && found === undefined && <SkeletonRows rows={10} />}
        {!fetching && error === undefined && found === undefined && <Text>{t('missing')}</Text>}
        {found !== undefined && <Whole transaction={found} open={open} only={only} />}
      </Drawer.Body>
    </>
  );
}

function Whole({ transaction, open, only }: Pick<RowDrawerProps, 'open' | 'only'> & { readonly transaction: Transaction }) {
  const t = useRowWords();
  const word = useLedgerWords();
  const why = useDecisionWords();
  const { usageLog } = transaction;
  const row = rowOf(transaction, usageLog);
  const { names, askIds } = useNames();
  useEffect(() => {
    void askIds(transaction.postings.flatMap(({ account }) => (account.includes(':') ? [account.slice(account.indexOf(':') + 1)] : [])));
  }, [askIds, transaction]);
  const person = row.person === undefined ? undefined : { id: row.person.id, name: row.person.name ?? names.get(row.person.id)?.name ?? '…' };
  return (
    <Stack gap="lg">
      <Group gap="xs" c="dimmed">
        <Text fw={600} c="var(--ink)">
          {word(transaction.kind)}
        </Text>
        <When at={transaction.createdAt} />
        {usageLog === null && transaction.memo !== '' && <Text>{transaction.memo}</Text>}
      </Group>
      <Figures row={row} />
      {usageLog !== null && <Request log={usageLog} />}
      {person !== undefined && (
        <Button variant="default" size="compact-sm" w="max-content" maw="100%" onClick={() => only(person.id)}>
          {t('only', { name: person.name })}
        </Button>
      )}
      <Section title={t('postings')}>
        <Postings postings={transaction.postings} names={names} />
      </Section>
      <Section title={t('chain')}>
        <Chain transaction={transaction} open={open} />
        <Receipt transaction={transaction} />
      </Section>
      {usageLog !== null && (
        <Section
          title={why('why')}
          action={
            <Anchor component={Link} to="/admin/routing" search={{ request: usageLog.id } as never} size="sm">
              {t('where')}
            </Anchor>
          }
        >
          {usageLog.routing === null ? <Text c="dimmed">{why('notKept')}</Text> : <Decision decision={usageLog.routing} kept />}
        </Section>
      )}
    </Stack>
  );
}

function Section({ title, action, children }: { readonly title: string; readonly action?: ReactNode; readonly children: ReactNode }) {
  return (
    <Stack gap="xs" component="section">
      <Group justify="space-between">
        <Title order={3} size="md">
          {title}
        </Title>
        {action}
      </Group>
      {children}
    </Stack>
  );
}

function Figures({ row }: { readonly row: ReturnType<typeof rowOf> }) {
  const t = useLedgerWords();
  const signed = row.kind !== 'USAGE';
  const figures = [
    ...(row.cost === undefined ? [] : [{ label: t('cost'), amount: <Dollars amount={row.cost} places={9} signed={signed} /> }]),
    ...(row.credits === undefined ? [] : [{ label: t(signed ? 'credits' : 'charge'), amount: <Credits amount={row.credits} places={9} signed={signed} /> }]),
    ...(row.profit === undefined ? [] : [{ label: t('profit'), amount: <Credits amount={row.profit} places={9} signed /> }]),
  ];
  return (
    <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="xs">
      {figures.map(({ label, amount }) => (
        <Paper key={label} withBorder p="xs">
          <Text size="sm" c="dimmed">
            {label}
          </Text>
          <Text fz="lg" fw={600} component="div">
            {amount}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

function Request({ log }: { readonly log: NonNullable<Transaction['usageLog']> }) {
  const t = useRowWords();
  const word = useLedgerWords();
  const tokens = [
    t('tokensTold', { prompt: count(log.promptTokens), completion: count(log.completionTokens) }),
    ...(log.cachedTokens > 0 ? [t('cached', { n: count(log.cachedTokens) })] : []),
    ...(log.cacheWriteTokens > 0 ? [t('cacheWrite', { n: count(log.cacheWriteTokens) })] : []),
    ...(log.reasoningTokens > 0 ? [t('reasoning', { n: count(log.reasoningTokens) })] : []),
    ...(log.estimated ? [t('estimated')] : []),
  ];
  const facts: readonly (readonly [string, ReactNode])[] = [
    [word('model'), log.requestedModel === log.model ? log.model : `${log.model} (${t('asked', { name: log.requestedModel })})`],
    [t('who'), log.user?.displayName ?? word('unknown')],
    [t('key'), `${log.resource?.label ?? ''} ${log.resource?.maskedKey ?? ''} ${t('ownedBy', { name: log.resourceOwner?.displayName ?? word('platform') })}${log.provider === null ? '' : ` · ${log.provider}`}`],
    [t('tokens'), tokens.join(', ')],
    [t('latency'), `${(log.latencyMs / 1000).toFixed(2)} s, ${t(log.streamed ? 'streamed' : 'whole')}`],
    [t('endpoint'), log.endpoint],
    ...(log.attempts > 1 ? [[t('attempts'), count(log.attempts)] as const] : []),
    ...(log.errorCode === null ? [] : [[t('error'), log.errorCode] as const]),
  ];
  return (
    <Section title={t('request')}>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function Receipt({ transaction: { seq, proof } }: { readonly transaction: Transaction }) {
  const t = useRowWords();
  if (proof === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('soon')}
      </Text>
    );
  }
  return (
    <Group gap="sm">
      <Button component="a" href={`/receipts/${seq}`} download variant="default" size="compact-sm" leftSection={<IconDownload size={14} aria-hidden />}>
        {t('receipt')}
      </Button>
      <Anchor href="/signing.pub" size="sm" download>
        {t('publicKey')}
      </Anchor>
      <Text size="sm" c="dimmed">
        {t('receiptTold', { index: count(proof.index), size: count(proof.size) })}
      </Text>
    </Group>
  );
}
