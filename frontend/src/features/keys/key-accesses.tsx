import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { KeyAccessesDocument } from '../../graphql/graphql.ts';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { When } from '../../shared/ui/when.tsx';
import classes from './keys.module.css';
import { showCount } from './names.ts';
import { purposeOf } from './reason.ts';
import { useKeysWords } from './words.ts';

const page = 50;

/** When the stored key was opened, and what for. */
export function KeyAccesses({ id }: { readonly id: string }) {
  const t = useKeysWords();
  const [after, setAfter] = useState<string | null>(null);
  const [{ data, error, fetching }, read] = useQuery({ query: KeyAccessesDocument, variables: { id, first: page, after } });
  const accesses = data?.keyAccesses;
  if (accesses === undefined) {
    return error === undefined ? <SkeletonRows /> : <Trouble error={error} retry={() => read({ requestPolicy: 'network-only' })} />;
  }
  if (accesses.edges.length === 0) {
    return <Empty order={2} title={t('noAccessesTitle')}>{t('noAccesses')}</Empty>;
  }
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {t('accessesNote')} {t('total', { count: showCount(accesses.totalCount) })}
      </Text>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable */}
      <section className={classes.scroller} tabIndex={0} aria-label={t('accesses')}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t('time')}</th>
              <th scope="col">{t('purpose')}</th>
            </tr>
          </thead>
          <tbody>
            {accesses.edges.map(({ node }) => (
              <tr key={node.id}>
                <td>
                  <When at={node.at} />
                </td>
                <td>{t(purposeOf(node.purpose), { purpose: node.purpose })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {accesses.pageInfo.hasNextPage && (
        <Group justify="center">
          <Button variant="default" loading={fetching} onClick={() => setAfter(accesses.pageInfo.endCursor ?? null)}>
            {t('more')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
