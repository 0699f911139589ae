import { Anchor, Group, Text } from '@mantine/core';
import { IconCheck, IconClock, IconX } from '@tabler/icons-react';
import { useQuery } from 'urql';
import { LedgerPlacesDocument, type LedgerPlacesQuery } from '../../graphql/graphql.ts';
import { count } from './count.ts';
import { fit, placeOf } from './places.ts';
import classes from './row-drawer.module.css';
import type { Transaction } from './rows.ts';
import { useRowWords } from './words.ts';

type Place = Extract<NonNullable<LedgerPlacesQuery['nodes'][number]>, { readonly hash: string }>;

/** Where a transaction is in the chain: its hash, the one before, and whether they fit the neighbours'. */
export function Chain({ transaction, open }: { readonly transaction: Transaction; readonly open: (id: string) => void }) {
  const t = useRowWords();
  const before = placeOf(transaction, -1n);
  const after = placeOf(transaction, 1n);
  const ids = [before, after].flatMap((place) => (place === undefined ? [] : [place.id]));
  const [{ data, fetching }] = useQuery({ query: LedgerPlacesDocument, variables: { ids } });
  const found = (data?.nodes ?? []).flatMap((node): Place[] => (node !== null && 'hash' in node ? [node] : []));
  const previous = found.find(({ id }) => id === before?.id);
  const next = found.find(({ id }) => id === after?.id);
  return (
    <>
      <dl className={classes.facts}>
        <div>
          <dt>{t('hash')}</dt>
          <dd>
            <code className={classes.hash}>{transaction.hash}</code>
            {next !== undefined && <Fits ok={fit(transaction, next)} seq={next.seq} />}
          </dd>
        </div>
        <div>
          <dt>{t('previous')}</dt>
          <dd>
            <code className={classes.hash}>{transaction.previousHash}</code>
            {before === undefined && <Text size="sm">{t('first')}</Text>}
            {previous !== undefined && <Fits ok={fit(previous, transaction)} seq={previous.seq} />}
            {before !== undefined && previous === undefined && fetching && (
              <Text size="sm" c="dimmed">
                <IconClock size={14} aria-hidden /> {t('checking')}
              </Text>
            )}
          </dd>
        </div>
      </dl>
      <Group gap="md">
        {previous !== undefined && (
          <Anchor component="button" type="button" size="sm" onClick={() => open(previous.id)}>
            ← {t('before', { seq: count(previous.seq) })}
          </Anchor>
        )}
        {next !== undefined && (
          <Anchor component="button" type="button" size="sm" onClick={() => open(next.id)}>
            {t('after', { seq: count(next.seq) })} →
          </Anchor>
        )}
      </Group>
    </>
  );
}

function Fits({ ok, seq }: { readonly ok: boolean; readonly seq: string }) {
  const t = useRowWords();
  return (
    <Text size="sm" c={ok ? 'var(--good)' : 'var(--bad)'}>
      {ok ? <IconCheck size={14} aria-hidden /> : <IconX size={14} aria-hidden />} {t(ok ? 'fits' : 'breaks', { seq: count(seq) })}
    </Text>
  );
}
