import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { HomeModelDocument, type HomeModelQuery, HomeQuotesDocument } from '../../graphql/graphql.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import { Card } from './card.tsx';
import { curlLine, exampleModel } from './curl.ts';
import classes from './home.module.css';
import { useHomeWords } from './words.ts';

const noModels: HomeModelQuery['models'] = [];

/** The first of two ways to begin: to use what is in the pool. */
export function UseCard() {
  const t = useHomeWords();
  const { wallet } = useViewer();
  const [{ data }] = useQuery({ query: HomeModelDocument });
  const line = curlLine(window.location.origin, exampleModel(data?.models ?? noModels));
  return (
    <Card title={t('use')} strong>
      <Stack gap="sm">
        <Text size="sm">{t('useTold')}</Text>
        {wallet !== null && unitsOf(wallet.available) <= 0n && (
          <Text size="sm" c="dimmed">
            {t('needCredits')}
          </Text>
        )}
        <Group gap="xs">
          <Button component={Link} to="/playground">
            {t('playground')}
          </Button>
          <Button component={Link} to="/tokens" variant="default">
            {t('token')}
          </Button>
        </Group>
        <Group justify="space-between" gap="xs">
          <Text size="sm" c="dimmed">
            {t('curl')}
          </Text>
          <CopyButton value={line}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="subtle" onClick={copy}>
                {t(copied ? 'copied' : 'copy')}
              </Button>
            )}
          </CopyButton>
        </Group>
        {/* What scrolls can be reached from the keyboard. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <section className={classes.curl} tabIndex={0} aria-label={t('curl')}>
          <pre>{line}</pre>
        </section>
      </Stack>
    </Card>
  );
}

/** The second way: to bring a key. */
export function DepositCard() {
  const t = useHomeWords();
  const [{ data, error }, again] = useQuery({ query: HomeQuotesDocument });
  const quotes = data === undefined ? [] : [data.hundred, data.fiveHundred, data.thousand];
  const vests = quotes.some(({ vesting }) => vesting !== '0');
  return (
    <Card title={t('deposit')} strong>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{t('depositTold')}</Text>
        {data === undefined && (error === undefined ? <SkeletonRows rows={3} /> : <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />)}
        {data !== undefined && (
          <table className={classes.table} aria-label={t('quotesTable')}>
            <thead>
              <tr>
                <th scope="col">{t('quota')}</th>
                <th scope="col" className={classes.number}>
                  {t('fee')}
                </th>
                <th scope="col" className={classes.number}>
                  {t('atOnce')}
                </th>
                {vests && (
                  <th scope="col" className={classes.number}>
                    {t('vests')}
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {quotes.map(({ quota, fee, credits, vesting }) => (
                <tr key={quota}>
                  <td>
                    <Dollars amount={quota} places={0} />
                  </td>
                  <td className={`${classes.number} ${classes.soft}`}>
                    <Credits amount={fee} places={2} />
                  </td>
                  <td className={classes.number}>
                    <strong>
                      <Credits amount={formatUnits(unitsOf(credits) - unitsOf(vesting))} places={2} signed />
                    </strong>
                  </td>
                  {vests && (
                    <td className={classes.number}>
                      <Credits amount={vesting} places={2} />
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <Button component={Link} to="/deposit">
          {t('deposit')}
        </Button>
      </Stack>
    </Card>
  );
}
