import { IconAlertTriangle, IconBattery1, IconBatteryOff, IconCircleCheck, IconClockOff, IconPlayerPause, IconTransferOut } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ResourceStatus, Standing } from '../../../graphql/graphql.ts';
import classes from './common.module.css';
import { useCommonWords } from './words.ts';

type Icon = typeof IconCircleCheck;

/** A state as a word with an icon; its colour only helps. */
export function StateWord({ icon: Symbol, color, children }: { readonly icon: Icon; readonly color: string; readonly children: ReactNode }) {
  return (
    <span className={classes.state} style={{ color: `var(--${color})` }}>
      <Symbol size={15} stroke={1.8} aria-hidden />
      {children}
    </span>
  );
}

const statuses: Readonly<Record<ResourceStatus, readonly [Icon, string]>> = {
  ACTIVE: [IconCircleCheck, 'good'],
  PAUSED: [IconPlayerPause, 'warn'],
  SUSPENDED: [IconAlertTriangle, 'bad'],
  DEPLETED: [IconBatteryOff, 'over'],
  EXPIRED: [IconClockOff, 'over'],
  WITHDRAWN: [IconTransferOut, 'over'],
};

/** How a key is. */
export function KeyStatus({ status }: { readonly status: ResourceStatus }) {
  const t = useCommonWords();
  const [icon, color] = statuses[status];
  return (
    <StateWord icon={icon} color={color}>
      {t(status)}
    </StateWord>
  );
}

const standings: Readonly<Record<Standing, readonly [Icon, string]>> = {
  ACTIVE: [IconCircleCheck, 'good'],
  LOW: [IconBattery1, 'warn'],
  DEPLETED: [IconBatteryOff, 'over'],
};

/** How much a contributor has left in the pool. */
export function StandingWord({ standing }: { readonly standing: Standing }) {
  const t = useCommonWords();
  const [icon, color] = standings[standing];
  return (
    <StateWord icon={icon} color={color}>
      {t(`standing${standing}`)}
    </StateWord>
  );
}
