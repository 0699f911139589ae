import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from 'urql';
import { DepositQuoteDocument } from '../../graphql/graphql.ts';
import { showAmount, unitsOf } from '../../shared/money.ts';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import classes from './deposit.module.css';
import { atOnce, type Brings, estimate, type Terms } from './rules.ts';
import { useDepositWords } from './words.ts';

/** What the quota that is being typed brings: said at once, and by the server a moment later. */
export function Receives({ quota, terms, confirmed }: { readonly quota: string | undefined; readonly terms: Terms; readonly confirmed: boolean }) {
  const t = useDepositWords();
  const [settled] = useDebouncedValue(quota, 300);
  const [{ data }] = useQuery({ query: DepositQuoteDocument, variables: { quota: settled ?? '0' }, pause: settled === undefined });
  const told = data?.depositQuote;
  const brings = quota === undefined ? undefined : told !== undefined && unitsOf(told.quota) === unitsOf(quota) ? told : estimate(quota, terms);
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="receive">
      <Title order={2} size="md" mb="sm" id="receive">
        {t('receive')}
      </Title>
      {brings === undefined ? (
        <Text size="sm" c="dimmed">
          {t('typeQuota')}
        </Text>
      ) : (
        <Rows brings={brings} feeRate={terms.feeRate} confirmed={confirmed} />
      )}
      <Stack gap="xs" mt="md">
        {[confirmed ? t('confirmedWhy') : t('vestingWhy', { trust: showAmount(terms.trustLeft, 2).text }), t('backWhy'), t('rejectedWhy')].map((why) => (
          <Text key={why} size="xs" c="dimmed">
            {why}
          </Text>
        ))}
      </Stack>
    </Paper>
  );
}

function Rows({ brings, feeRate, confirmed }: { readonly brings: Brings; readonly feeRate: number; readonly confirmed: boolean }) {
  const t = useDepositWords();
  const { now, later } = atOnce(brings, confirmed);
  return (
    <dl className={classes.rows} aria-live="polite">
      <dt>{t('rowQuota')}</dt>
      <dd>
        <Dollars amount={brings.quota} />
      </dd>
      <dt>{t('rowFee', { rate: String(Math.round(feeRate * 1e4) / 100) })}</dt>
      <dd>
        <Credits amount={brings.fee === '0' ? '0' : `-${brings.fee}`} />
      </dd>
      <dt className={classes.sum}>{t('rowCredits')}</dt>
      <dd className={classes.sum}>
        <Credits amount={brings.credits} signed />
      </dd>
      <dt>{t('now')}</dt>
      <dd>
        <Credits amount={now} />
      </dd>
      <dt>{t('later')}</dt>
      <dd>
        <Credits amount={later} />
      </dd>
    </dl>
  );
}

/** The same in a line, for where the whole is below the fold. */
export function Summary({ quota, terms }: { readonly quota: string; readonly terms: Terms }) {
  const t = useDepositWords();
  return (
    <Group justify="space-between" hiddenFrom="md">
      <Text size="sm">{t('receive')}</Text>
      <Text fw={600} component="div">
        <Credits amount={estimate(quota, terms).credits} />
      </Text>
    </Group>
  );
}
