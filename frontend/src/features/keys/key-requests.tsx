import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { KeyRequestsDocument, type KeyRequestsQuery } from '../../graphql/graphql.ts';
import { Dollars } from '../../shared/ui/money.tsx';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { When } from '../../shared/ui/when.tsx';
import classes from './keys.module.css';
import { showCount, showLatency } from './names.ts';
import { reasonOf } from './reason.ts';
import { useKeysWords } from './words.ts';

const page = 50;

/** The requests that went over a key, the newest first. Who asked is not told. */
export function KeyRequests({ id }: { readonly id: string }) {
  const t = useKeysWords();
  const [after, setAfter] = useState<string | null>(null);
  const [{ data, error, fetching }, read] = useQuery({ query: KeyRequestsDocument, variables: { id, first: page, after } });
  const logs = data?.usageLogs;
  if (logs === undefined) {
    return error === undefined ? <SkeletonRows /> : <Trouble error={error} retry={() => read({ requestPolicy: 'network-only' })} />;
  }
  if (logs.edges.length === 0) {
    return <Empty order={2} title={t('noRequestsTitle')}>{t('noRequests')}</Empty>;
  }
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {t('requestsNote')} {t('total', { count: showCount(logs.totalCount) })}
      </Text>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable */}
      <section className={classes.scroller} tabIndex={0} aria-label={t('requests')}>
        <Table logs={logs.edges.map(({ node }) => node)} />
      </section>
      {logs.pageInfo.hasNextPage && (
        <Group justify="center">
          <Button variant="default" loading={fetching} onClick={() => setAfter(logs.pageInfo.endCursor ?? null)}>
            {t('more')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Table({ logs }: { readonly logs: readonly KeyRequestsQuery['usageLogs']['edges'][number]['node'][] }) {
  const t = useKeysWords();
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">{t('time')}</th>
          <th scope="col">{t('model')}</th>
          <th scope="col" className={classes.number}>
            {t('tokens')}
          </th>
          <th scope="col" className={classes.number}>
            {t('cost')}
          </th>
          <th scope="col" className={classes.number}>
            {t('took')}
          </th>
          <th scope="col">{t('outcome')}</th>
          <th scope="col">{t('why')}</th>
        </tr>
      </thead>
      <tbody>
        {logs.map((log) => {
          const why = reasonOf(log.routingReason);
          return (
            <tr key={log.id}>
              <td>
                <When at={log.createdAt} />
              </td>
              <td>{log.model}</td>
              <td className={classes.number}>
                {showCount(log.promptTokens)} → {showCount(log.completionTokens)}
              </td>
              <td className={classes.number}>{log.costAmount == null ? '–' : <Dollars amount={log.costAmount} />}</td>
              <td className={classes.number}>{showLatency(log.latencyMs)}</td>
              <td>{log.status === 'SUCCEEDED' ? t('served') : <span className={classes.bad}>{log.errorCode ?? t('failed')}</span>}</td>
              <td>{why === undefined ? (log.routingReason ?? '–') : t(why)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
