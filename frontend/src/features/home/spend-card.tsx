import { Skeleton, Stack, Text } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { HomeModelsDocument, HomeSpendDocument } from '../../graphql/graphql.ts';
import { unitsOf } from '../../shared/money.ts';
import { Credits } from '../../shared/ui/money.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { useWalletChange } from '../../shared/use-wallet-change.ts';
import { Card } from './card.tsx';
import classes from './home.module.css';
import { daysOf, lastDays, topModels, totalOf } from './spend.ts';
import { useHomeWords } from './words.ts';

const SpendChart = lazy(() => import('./spend-chart.tsx'));

/** What was spent in the last 30 days, and on what. */
export function SpendCard() {
  const t = useHomeWords();
  const [range] = useState(() => lastDays(30, new Date()));
  const [{ data, error }, again] = useQuery({ query: HomeSpendDocument, variables: range });
  const [{ data: split }, splitAgain] = useQuery({ query: HomeModelsDocument, variables: range });
  useWalletChange(() => {
    again({ requestPolicy: 'network-only' });
    splitAgain({ requestPolicy: 'network-only' });
  });
  const days = useMemo(() => daysOf(data?.usageSeries ?? [], range), [data, range]);
  const top = useMemo(() => topModels(split?.usageSeries ?? []), [split]);
  const total = totalOf(days);
  return (
    <Card title={t('spend')}>
      {data === undefined && (error === undefined ? <SkeletonRows rows={4} /> : <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />)}
      {data !== undefined && (
        <Stack gap={8}>
          <div>
            <span className={classes.figure}>
              <Credits amount={total.credits} places={unitsOf(total.credits) < unitsOf('1') ? 4 : 2} />
            </span>{' '}
            <Text span size="sm" c="dimmed">
              {t('requests', { count: total.requests })}
            </Text>
          </div>
          {total.requests === 0 ? (
            <Text size="sm" c="dimmed">
              {t('noSpend')}
            </Text>
          ) : (
            <Suspense fallback={<Skeleton height={96} />}>
              <SpendChart days={days} />
            </Suspense>
          )}
          {top.length > 0 && (
            <ul className={classes.models} aria-label={t('top')}>
              {top.map(({ model, percent }) => (
                <li key={model}>
                  <span title={model}>{model}</span> <span>{percent} %</span>
                </li>
              ))}
            </ul>
          )}
        </Stack>
      )}
    </Card>
  );
}
