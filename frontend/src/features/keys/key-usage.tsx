import { Group, Paper, SegmentedControl, Skeleton, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { KeyUsageDocument } from '../../graphql/graphql.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';
import { Dollars } from '../../shared/ui/money.tsx';
import { Trouble } from '../../shared/ui/states.tsx';
import { useLanguage } from '../../shared/words/words.ts';
import { showCount } from './names.ts';
import { type Period, periods, type Place, placesOf, rangeOf } from './period.ts';
import { useKeysWords } from './words.ts';

const Chart = lazy(() => import('./usage-chart.tsx'));

interface UsageProps {
  readonly id: string;
  readonly period: Period;
  readonly pick: (period: Period) => void;
}

/** What was taken from a key over time. */
export function KeyUsage({ id, period, pick }: UsageProps) {
  const t = useKeysWords();
  const { tag } = useLanguage();
  const [now] = useState(() => new Date());
  const range = useMemo(() => rangeOf(period, now), [period, now]);
  const [{ data, error }, read] = useQuery({ query: KeyUsageDocument, variables: range });
  const places = data == null ? undefined : placesOf(data.usageSeries, id, range);
  const requests = places?.reduce((sum, place) => sum + place.requests, 0) ?? 0;
  const cost = formatUnits(places?.reduce((sum, place) => sum + unitsOf(place.cost), 0n) ?? 0n);
  const label = (at: string) =>
    range.bucket === 'HOUR' ? new Date(at).toLocaleTimeString(tag, { hour: '2-digit', minute: '2-digit', hour12: false }) : new Date(at).toLocaleDateString(tag, { month: 'short', day: 'numeric', timeZone: 'UTC' });
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="usage">
      <Group justify="space-between" mb="md">
        <div>
          <Title order={2} size="md" id="usage">
            {t('usageTitle')}
          </Title>
          {places !== undefined && (
            <Text size="sm" c="dimmed" component="div">
              <Dollars amount={cost} /> · {t('consumedNote', { count: showCount(requests) })}
            </Text>
          )}
        </div>
        <SegmentedControl size="xs" aria-label={t('period')} value={period} onChange={(value) => pick(value as Period)} data={periods.map((value) => ({ value, label: t(value) }))} />
      </Group>
      {data == null && error !== undefined && <Trouble error={error} retry={() => read({ requestPolicy: 'network-only' })} />}
      {places === undefined && error === undefined && <Skeleton height={220} />}
      {places !== undefined && requests === 0 && (
        <Text c="dimmed" ta="center" py="xl">
          {t('noUsage')}
        </Text>
      )}
      {places !== undefined && requests > 0 && (
        <Stack gap={0}>
          <div aria-hidden>
            <Suspense fallback={<Skeleton height={220} />}>
              <Chart data={places.map((place) => ({ ...place, label: label(place.at) }))} />
            </Suspense>
          </div>
          <Numbers places={places} label={label} />
        </Stack>
      )}
    </Paper>
  );
}

/** The numbers of the chart, for who does not see it. */
function Numbers({ places, label }: { readonly places: readonly Place[]; readonly label: (at: string) => string }) {
  const t = useKeysWords();
  return (
    <VisuallyHidden>
      <table>
        <caption>{t('usageTitle')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('cost')}</th>
            <th scope="col">{t('requests')}</th>
            <th scope="col">{t('failed')}</th>
            <th scope="col">{t('tokens')}</th>
          </tr>
        </thead>
        <tbody>
          {places.map((place) => (
            <tr key={place.at}>
              <th scope="row">{label(place.at)}</th>
              <td>${place.cost}</td>
              <td>{place.requests}</td>
              <td>{place.failed}</td>
              <td>{place.tokens}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </VisuallyHidden>
  );
}
