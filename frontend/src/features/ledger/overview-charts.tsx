import '@mantine/charts/styles.css';
import { AreaChart, BarChart, CompositeChart } from '@mantine/charts';
import { Paper, SimpleGrid, Text, Title, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLanguage } from '../../shared/words/words.ts';
import type { Drawn } from './change.ts';
import { useOverviewWords } from './overview-words.ts';

interface ChartsProps {
  readonly drawn: readonly Drawn[];
  readonly bucket: 'HOUR' | 'DAY';
  /** Whether not all of what came and left is known. */
  readonly cut: boolean;
}

const short = (n: number) => (Math.abs(n) >= 1000 ? n.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 1 }) : String(Math.round(n * 100) / 100));
const long = (n: number) => n.toLocaleString('en-US', { maximumFractionDigits: 4 });

// What is drawn is hidden from those who can't see it, and takes no focus: they have the table.
const quiet = { accessibilityLayer: false };

/** The pool over time. */
export default function Charts({ drawn, bucket, cut }: ChartsProps) {
  const t = useOverviewWords();
  const { tag } = useLanguage();
  const label = (at: string) => (bucket === 'HOUR' ? new Date(at).toLocaleTimeString(tag, { hour: '2-digit', minute: '2-digit', hour12: false }) : new Date(at).toLocaleDateString(tag, { month: 'short', day: 'numeric' }));
  const data = drawn.map((place) => ({ ...place, used: -place.used, label: label(place.at) }));
  const common = { data, dataKey: 'label', h: 200, withLegend: true, legendProps: { verticalAlign: 'bottom' as const, height: 32 }, valueFormatter: long, yAxisProps: { width: 56, tickFormatter: short }, tickLine: 'none' as const };
  return (
    <>
      <Chart title={t('valueChart')} hidden drawn={drawn} label={label} columns={[[t('valueNow'), 'value'], [t('deposited'), 'came'], [t('used'), 'used']]}>
        {cut ? (
          <>
            <Text size="sm" c="dimmed">
              {t('tooMany')}
            </Text>
            <BarChart {...common} barChartProps={quiet} series={[{ name: 'used', label: t('used'), color: 'var(--over)' }]} />
          </>
        ) : (
          <CompositeChart
            {...common}
            h={240}
            composedChartProps={quiet}
            series={[
              { name: 'value', label: t('valueNow'), color: 'var(--accent)', type: 'area' },
              { name: 'came', label: t('deposited'), color: 'var(--over)', type: 'bar' },
              { name: 'used', label: t('used'), color: 'var(--warn)', type: 'bar' },
            ]}
            withDots={false}
            curveType="stepAfter"
          />
        )}
      </Chart>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Chart title={t('earnChart')} drawn={drawn} label={label} columns={[[t('charge'), 'charge'], [t('costUsd'), 'cost']]}>
          <AreaChart
            {...common}
            areaChartProps={quiet}
            series={[
              { name: 'charge', label: t('charge'), color: 'var(--accent)' },
              { name: 'cost', label: t('costUsd'), color: 'var(--warn)' },
            ]}
            withDots={false}
            curveType="monotone"
          />
        </Chart>
        <Chart title={t('requestsChart')} drawn={drawn} label={label} columns={[[t('succeeded'), 'succeeded'], [t('failed'), 'failed']]}>
          <BarChart
            {...common}
            barChartProps={quiet}
            type="stacked"
            series={[
              { name: 'succeeded', label: t('succeeded'), color: 'var(--accent)' },
              { name: 'failed', label: t('failed'), color: 'var(--bad)' },
            ]}
          />
        </Chart>
      </SimpleGrid>
    </>
  );
}

interface ChartProps {
  readonly title: string;
  /** Whether the title stands above already. */
  readonly hidden?: boolean;
  readonly drawn: readonly Drawn[];
  readonly label: (at: string) => string;
  readonly columns: readonly (readonly [string, Exclude<keyof Drawn, 'at'>])[];
  readonly children: ReactNode;
}

/** A chart, and its numbers in a table for who does not see it. */
function Chart({ title, hidden = false, drawn, label, columns, children }: ChartProps) {
  const t = useOverviewWords();
  return (
    <Paper withBorder p="md" component="figure" m={0} miw={0}>
      {!hidden && (
        <Title order={3} size="sm" mb="xs">
          {title}
        </Title>
      )}
      <div aria-hidden>{children}</div>
      <VisuallyHidden>
        <table>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th scope="col">{t('time')}</th>
              {columns.map(([name]) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {drawn.map((place) => (
              <tr key={place.at}>
                <th scope="row">{label(place.at)}</th>
                {columns.map(([name, key]) => (
                  <td key={name}>{long(place[key])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </Paper>
  );
}
