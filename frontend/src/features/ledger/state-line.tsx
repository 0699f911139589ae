import { Button, Group, Text } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useConnection } from '../../shared/api.ts';
import { perMinute } from './books.ts';
import { count } from './count.ts';
import classes from './ledger.module.css';
import type { Row } from './rows.ts';
import { useLedgerWords } from './words.ts';

interface StateLineProps {
  readonly rows: readonly Row[];
  readonly paused: boolean;
  readonly pinned: boolean;
  readonly waiting: number;
  readonly pause: () => void;
  readonly resume: () => void;
}

/** How the feed is: live or not, how much comes, when the last came, and what waits while the rows stand still. */
export function StateLine({ rows, paused, pinned, waiting, pause, resume }: StateLineProps) {
  const t = useLedgerWords();
  const now = useNow();
  const connection = useConnection();
  const state = ({ open: 'live', broken: 'reconnecting', offline: 'offline', idle: 'connecting' } as const)[connection];
  const newest = rows[0];
  return (
    <Group gap="md" mih={36} className={classes.state}>
      <Text size="sm" fw={600} className={classes.live} data-state={state} component="output">
        <span className={classes.dot} aria-hidden>
          {state === 'live' ? '●' : '◌'}
        </span>{' '}
        {t(state)}
      </Text>
      <Text size="sm" c="dimmed" className="money">
        {t('rate', { n: count(perMinute(rows, now)) })}
      </Text>
      {newest !== undefined && (
        <Text size="sm" c="dimmed" className="money">
          <Ago ms={now - (newest.arrived ?? new Date(newest.at).getTime())} />
        </Text>
      )}
      <Group gap="xs" ml="auto">
        {paused && waiting > 0 && (
          <Button size="compact-sm" variant="light" onClick={resume} leftSection={<IconPlayerPause size={14} aria-hidden />} aria-label={t('newsLong', { n: count(waiting) })}>
            {t('news', { n: count(waiting) })}
          </Button>
        )}
        <Button
          size="compact-sm"
          variant="default"
          onClick={pinned ? resume : pause}
          aria-pressed={pinned}
          title={pinned ? t('pausedTold') : undefined}
          leftSection={pinned ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />}
        >
          {t(pinned ? 'resume' : 'pause')}
        </Button>
      </Group>
    </Group>
  );
}

function Ago({ ms }: { readonly ms: number }) {
  const t = useLedgerWords();
  const seconds = Math.max(0, ms) / 1000;
  return seconds < 120 ? t('last', { s: seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0) }) : t('lastMinutes', { m: count(Math.floor(seconds / 60)) });
}

/** The time, for what tells how long ago something was. */
function useNow(every = 500): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
