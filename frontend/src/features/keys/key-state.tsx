import { Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconBan, IconCircleCheck, IconClockPause, IconPlayerPause } from '@tabler/icons-react';
import { showAmount } from '../../shared/money.ts';
import { showDistance, showTime } from '../../shared/time.ts';
import { Dollars } from '../../shared/ui/money.tsx';
import { useLanguage } from '../../shared/words/words.ts';
import { partsOf } from './amounts.ts';
import classes from './keys.module.css';
import type { Names } from './names.ts';
import { isLow, isOver, type Key, restsOf, type State, stateOf, toneOf, whyOf } from './state.ts';
import { useKeysWords } from './words.ts';

const icons: Partial<Readonly<Record<State, typeof IconBan>>> = { serving: IconCircleCheck, low: IconAlertTriangle, cooling: IconClockPause, paused: IconPlayerPause };

/** How a key is, in words, and what its owner has to do about it. */
export function KeyState({ of: key, names, now }: { readonly of: Key; readonly names: Names; readonly now: Date }) {
  const t = useKeysWords();
  const { tag } = useLanguage();
  const state = stateOf(key, now);
  const tone = toneOf(state);
  const provider = names.provider(key.provider);
  const rests = restsOf(key, now);
  const whole = rests.find(({ model }) => model === null);
  const why = (reason: string) => t(whyOf(reason), { provider });
  const Icon = icons[state] ?? (tone === 'over' ? IconBan : IconAlertTriangle);
  return (
    <Stack gap={4}>
      <div className={classes.state} data-tone={tone}>
        <Icon size={16} aria-hidden />
        <span>{state === 'cooling' && whole !== undefined ? t('cooling', { time: showTime(whole.until, tag, now), why: why(whole.reason) }) : t(state, { provider })}</span>
      </div>
      {key.repairBy != null && (
        <Text size="xs" c="var(--bad)">
          {t('repair', { distance: showDistance(key.repairBy, tag, now) })}
        </Text>
      )}
      {(state === 'suspended' || state === 'refused') && key.statusReason != null && (
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {t('suspendedWhy', { reason: key.statusReason })}
        </Text>
      )}
      {rests
        .filter(({ model }) => model !== null)
        .map(({ model, reason, until }) => (
          <Text key={`${model} ${reason}`} size="xs" c="var(--warn)">
            {t('restOf', { model: model ?? '', time: showTime(until, tag, now), why: why(reason) })}
          </Text>
        ))}
    </Stack>
  );
}

/** What is left on a key, and how much of it requests in flight hold. */
export function QuotaBar({ of: key }: { readonly of: Key }) {
  const t = useKeysWords();
  const { free, held, left } = partsOf(key);
  const all = showAmount(key.originalQuota, 2).text;
  return (
    <div>
      <Text size="sm" mb={4} component="div">
        <Text span fw={600} fz="lg">
          <Dollars amount={key.currentQuota} />
        </Text>{' '}
        <Text span c="dimmed" size="sm">
          {t('quotaLeft', { all })} · {t(key.quotaConfirmed ? 'confirmed' : 'declared')}
        </Text>
      </Text>
      {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a meter has one part, this has two */}
      <div className={classes.bar} role="meter" aria-label={t('quota')} aria-valuemin={0} aria-valuemax={100} aria-valuenow={left} aria-valuetext={`$${key.currentQuota} ${t('quotaLeft', { all })}`}>
        <div className={classes.free} style={{ width: `${free}%` }} data-low={isLow(key) || undefined} data-over={isOver(key) || undefined} />
        <div className={classes.held} style={{ width: `${held}%` }} />
      </div>
      {held > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          {t('quotaHeld', { held: showAmount(key.reservedQuota, 4).text })}
        </Text>
      )}
    </div>
  );
}
