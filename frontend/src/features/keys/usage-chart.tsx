import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import type { Place } from './period.ts';
import { useKeysWords } from './words.ts';

const dollars = (n: number) => `$${n.toLocaleString('en-US', { maximumFractionDigits: 4 })}`;

/** What was taken, as bars. It takes no focus: the numbers are beside it for who does not see it. */
export default function UsageChart({ data }: { readonly data: readonly (Place & { readonly label: string })[] }) {
  const t = useKeysWords();
  return (
    <BarChart
      h={220}
      data={[...data]}
      dataKey="label"
      series={[{ name: 'drawn', label: t('cost'), color: 'var(--accent)' }]}
      valueFormatter={dollars}
      yAxisProps={{ width: 64 }}
      tickLine="none"
      barChartProps={{ accessibilityLayer: false }}
    />
  );
}
