import { SimpleGrid } from '@mantine/core';
import type { OverviewQuery } from '../../graphql/graphql.ts';
import { formatUnits, showAmount } from '../../shared/money.ts';
import { Figure } from '../../shared/ui/figure.tsx';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import { midnight, type Move, movedSince, type Point, profitOf, rateOf, todayAndYesterday } from './change.ts';
import { count, percent } from './count.ts';
import { useOverviewWords } from './overview-words.ts';

interface FiguresProps {
  readonly pool: OverviewQuery['poolOverview'];
  readonly hours: readonly Point[];
  readonly moves: readonly Move[];
  readonly now: Date;
}

/** The five figures of the pool, each with what changed since yesterday. */
export function Figures({ pool, hours, moves, now }: FiguresProps) {
  const t = useOverviewWords();
  const { today, yesterday } = todayAndYesterday(hours, now);
  const moved = movedSince(moves, midnight(now));
  const change = moved.quota - today.cost;
  const earned = profitOf(yesterday);
  const keys = [...(moved.came > 0 ? [t('came', { count: moved.came })] : []), ...(moved.left > 0 ? [t('left', { count: moved.left })] : [])].join(' · ');
  return (
    <SimpleGrid cols={{ base: 2, lg: 5 }}>
      <Figure label={t('value')} note={change === 0n ? t('noChange') : t('sinceMidnight', { change: dollars(formatUnits(change)) })}>
        <Dollars amount={pool.totalValue} places={2} />
      </Figure>
      <Figure label={t('keys')} note={keys === '' ? t('noneCame') : keys}>
        <span className="money">{count(pool.activeResources)}</span>
      </Figure>
      <Figure label={t('contributors')} note={moved.depositors > 0 ? t('depositors', { count: moved.depositors }) : t('serving', { n: count(pool.activeContributors) })}>
        <span className="money">{count(pool.contributors)}</span>
      </Figure>
      <Figure label={t('success')} note={<Rate today={rateOf(today)} yesterday={rateOf(yesterday)} requests={String(today.requests)} />}>
        <span className="money">{percent(rateOf(today) ?? pool.successRate)}</span>
      </Figure>
      <Figure label={t('profit')} note={earned === '0' ? t('nothingYesterday') : t('yesterdayNow', { amount: showAmount(earned, 2, true).text })}>
        <Credits amount={profitOf(today)} places={2} signed />
      </Figure>
    </SimpleGrid>
  );
}

const dollars = (amount: string) => showAmount(amount, 2, true).text.replace(/^([−+]?)/u, '$1$$');

function Rate({ today, yesterday, requests }: { readonly today: number | undefined; readonly yesterday: number | undefined; readonly requests: string }) {
  const t = useOverviewWords();
  if (today === undefined) {
    return t('noRequests');
  }
  if (yesterday === undefined) {
    return t('asked', { n: count(requests) });
  }
  const points = ((today - yesterday) * 100).toFixed(1);
  return Number(points) === 0 ? t('samePoints') : t('points', { change: Number(points) > 0 ? `+${points}` : points.replace('-', '−') });
}
