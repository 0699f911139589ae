import { Anchor, Button, Stack, Text } from '@mantine/core';
import { useInterval } from '@mantine/hooks';
import { IconAlertTriangle, IconBattery1, IconCircleCheck, IconCircleMinus, IconPlayerPause, IconSnowflake } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useSubscription } from 'urql';
import { HomeKeyChangedDocument, type HomeKeysQuery } from '../../graphql/graphql.ts';
import { showTime } from '../../shared/time.ts';
import { Dollars } from '../../shared/ui/money.tsx';
import { useLanguage } from '../../shared/words/words.ts';
import { Card } from './card.tsx';
import classes from './home.module.css';
import { countKeys, type Standing, standings } from './standing.ts';
import { useHomeWords } from './words.ts';

type Keys = NonNullable<HomeKeysQuery['viewer']>;

const icons: Readonly<Record<Standing, typeof IconCircleCheck>> = {
  suspended: IconAlertTriangle,
  low: IconBattery1,
  cooling: IconSnowflake,
  serving: IconCircleCheck,
  paused: IconPlayerPause,
  over: IconCircleMinus,
};

/** How the viewer's own keys do. */
export function KeysCard({ pool, resources }: Pick<Keys, 'pool' | 'resources'>) {
  const t = useHomeWords();
  return (
    <Card
      title={t('keys')}
      aside={
        resources.totalCount > 0 && (
          <Anchor component={Link} to="/keys" size="sm">
            {t('keysLink')}
          </Anchor>
        )
      }
    >
      {resources.totalCount === 0 ? (
        <Stack gap="sm" align="flex-start" mt={4}>
          <Text size="sm">{t('noKeys')}</Text>
          <Button component={Link} to="/deposit" size="xs" variant="default">
            {t('deposit')}
          </Button>
        </Stack>
      ) : (
        <Standings resources={resources} />
      )}
      {pool !== null && (
        <dl className={classes.facts}>
          <dt>{t('earned')}</dt>
          <dd>
            <Dollars amount={pool.resourceConsumed} places={2} />
          </dd>
        </dl>
      )}
    </Card>
  );
}

function Standings({ resources }: Pick<Keys, 'resources'>) {
  const t = useHomeWords();
  const { tag } = useLanguage();
  // The cache knows keys by their ids: what comes here changes them above.
  useSubscription({ query: HomeKeyChangedDocument });
  const [now, setNow] = useState(() => new Date());
  // A rest ends without anybody's saying so.
  useInterval(() => setNow(new Date()), 15_000, { autoInvoke: true });
  const keys = resources.edges.map(({ node }) => node);
  const { counts, repairBy } = countKeys(keys, now);
  return (
    <>
      <ul className={classes.standings}>
        {standings.map((standing) => {
          const n = counts.get(standing);
          const Icon = icons[standing];
          return (
            n !== undefined && (
              <li key={standing} data-standing={standing}>
                <Icon size={16} aria-hidden /> {t(standing, { n })}
              </li>
            )
          );
        })}
      </ul>
      {repairBy !== undefined && (
        <Text size="sm" c="var(--bad)">
          {t('repair', { at: showTime(repairBy, tag) })}
        </Text>
      )}
      {resources.totalCount > keys.length && (
        <Text size="xs" c="dimmed">
          {t('newest', { n: resources.totalCount })}
        </Text>
      )}
    </>
  );
}
