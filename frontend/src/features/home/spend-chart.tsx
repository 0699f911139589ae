import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { VisuallyHidden } from '@mantine/core';
import { showAmount } from '../../shared/money.ts';
import { useLanguage } from '../../shared/words/words.ts';
import type { Day } from './spend.ts';
import { useHomeWords } from './words.ts';

// What is drawn is hidden from those who can't see it, and takes no focus: they have the table.
const quiet = { accessibilityLayer: false, margin: { top: 4, right: 0, bottom: 0, left: 0 } };

/** A bar for every day. */
export default function SpendChart({ days }: { readonly days: readonly Day[] }) {
  const t = useHomeWords();
  const { tag } = useLanguage();
  const label = (at: string) => new Date(at).toLocaleDateString(tag, { month: 'short', day: 'numeric', timeZone: 'UTC' });
  // A number that rounds is exact enough for the height of a bar.
  const data = days.map(({ at, credits }) => ({ label: label(at), credits: Number(credits) }));
  return (
    <figure style={{ margin: 0 }}>
      <div aria-hidden>
        <BarChart
          data={data}
          dataKey="label"
          h={112}
          series={[{ name: 'credits', label: t('charge'), color: 'var(--accent)' }]}
          valueFormatter={(value) => `${showAmount(value.toFixed(9), 4).text} Cr`}
          withYAxis={false}
          gridAxis="none"
          tickLine="none"
          xAxisProps={{ interval: 6, tickMargin: 4 }}
          barProps={{ radius: [2, 2, 0, 0], minPointSize: 1 }}
          barChartProps={quiet}
        />
      </div>
      <VisuallyHidden>
        <table>
          <caption>{t('spendTable')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('day')}</th>
              <th scope="col">{t('charge')}</th>
              <th scope="col">{t('requestCount')}</th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ at, credits, requests }) => (
              <tr key={at}>
                <th scope="row">{label(at)}</th>
                <td>{showAmount(credits).exact}</td>
                <td>{requests}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}
