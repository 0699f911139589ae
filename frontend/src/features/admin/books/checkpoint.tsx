import { Anchor, Button, CopyButton, Group, Paper, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy, IconDownload } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { BooksCheckpointDocument } from '../../../graphql/graphql.ts';
import { SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import classes from '../lists/common.module.css';
import { count } from '../lists/count.ts';
import { Section } from '../lists/side-drawer.tsx';
import { useBooksWords } from './words.ts';

/** A checkpoint covers a transaction within a minute: those that are older have one. */
const covered = () => new Date(Date.now() - 70_000).toISOString();

/** The newest signed checkpoint, and what to check it with. */
export function Checkpoint() {
  const t = useBooksWords();
  const [before] = useState(covered);
  const [{ data, error, fetching }, again] = useQuery({ query: BooksCheckpointDocument, variables: { before } });
  const newest = data?.ledgerTransactions.edges.find(({ node }) => node.proof !== null)?.node;
  return (
    <Section title={t('checkpoint')}>
      <Text size="sm" c="dimmed" maw={760}>
        {t('checkpointTold')}
      </Text>
      {error !== undefined && <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
      {fetching && data === undefined && <SkeletonRows rows={3} />}
      {data !== undefined && newest === undefined && <Text size="sm">{t('noCheckpoint')}</Text>}
      {newest?.proof != null && (
        <Stack gap="xs">
          <Text size="sm" fw={600}>
            {t('covers', { count: Number(newest.proof.size), formatted: count(newest.proof.size) })}
          </Text>
          <Paper withBorder p="sm" className={classes.code} style={{ whiteSpace: 'pre-wrap' }}>
            {newest.proof.checkpoint}
          </Paper>
          <Group gap="sm">
            <CopyButton value={newest.proof.checkpoint}>
              {({ copied, copy }) => (
                <Button variant="default" size="compact-sm" onClick={copy} leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}>
                  {t(copied ? 'copied' : 'copy')}
                </Button>
              )}
            </CopyButton>
            <Button component="a" href={`/receipts/${newest.seq}`} download variant="default" size="compact-sm" leftSection={<IconDownload size={14} aria-hidden />}>
              {t('receipt', { seq: count(newest.seq) })}
            </Button>
            <Anchor href="/signing.pub" size="sm" download>
              {t('key')}
            </Anchor>
            <Anchor component={Link} to="/admin/ledger" size="sm">
              {t('ledger')}
            </Anchor>
          </Group>
          <Text size="sm" c="dimmed">
            {t('verify')}
          </Text>
        </Stack>
      )}
    </Section>
  );
}
