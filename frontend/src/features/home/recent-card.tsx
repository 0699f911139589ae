import { Anchor } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { HomeRecentQuery } from '../../graphql/graphql.ts';
import { showCount } from '../../shared/count.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';
import { Credits } from '../../shared/ui/money.tsx';
import { When } from '../../shared/ui/when.tsx';
import { Card } from './card.tsx';
import classes from './home.module.css';
import { useHomeWords } from './words.ts';

export type Recent = NonNullable<HomeRecentQuery['viewer']>['usageLogs']['edges'][number]['node'];

/** The newest requests, each of which leads to all that is known of it. */
export function RecentCard({ requests }: { readonly requests: readonly Recent[] }) {
  const t = useHomeWords();
  return (
    <Card
      title={t('recent')}
      aside={
        <Anchor component={Link} to="/usage" size="sm">
          {t('all')}
        </Anchor>
      }
    >
        <table className={`${classes.table} ${classes.recent}`} aria-label={t('recent')}>
          <thead>
            <tr>
              <th scope="col">{t('time')}</th>
              <th scope="col">{t('model')}</th>
              <th scope="col" className={classes.number}>
                {t('tokens')}
              </th>
              <th scope="col" className={classes.number}>
                {t('latency')}
              </th>
              <th scope="col" className={classes.number}>
                {t('charge')}
              </th>
            </tr>
          </thead>
          <tbody>
            {requests.map((request) => (
              <Row key={request.id} request={request} />
            ))}
          </tbody>
        </table>
    </Card>
  );
}

function Row({ request }: { readonly request: Recent }) {
  const t = useHomeWords();
  const { id, createdAt, status, model, promptTokens, completionTokens, latencyMs, creditsCharged } = request;
  return (
    <tr>
      <td className={classes.soft}>
        <When at={createdAt} />
      </td>
      <td title={model}>
        <Link to="/usage" search={{ request: id }} aria-label={t('look', { model })}>
          {model}
        </Link>
        {status === 'FAILED' && (
          <span className={classes.failed}>
            {' '}
            <IconX size={14} aria-hidden />
            {t('failed')}
          </span>
        )}
      </td>
      <td className={`${classes.number} ${classes.soft}`}>{t('tokensShort', { prompt: showCount(promptTokens), completion: showCount(completionTokens) })}</td>
      <td className={`${classes.number} ${classes.soft}`}>{(latencyMs / 1000).toFixed(2)} s</td>
      <td className={classes.number}>
        <Credits amount={formatUnits(-unitsOf(creditsCharged ?? '0'))} />
      </td>
    </tr>
  );
}
