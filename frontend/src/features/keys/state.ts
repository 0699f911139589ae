import type { KeyPartsFragment } from '../../graphql/graphql.ts';
import { unitsOf } from '../../shared/money.ts';

export type Key = KeyPartsFragment;

/** How a key is, in a word of the feature. */
export type State =
  | 'serving' | 'low' | 'cooling' | 'paused' | 'rejected' | 'empty' | 'refused' | 'unreadable' | 'suspended' | 'depleted' | 'forfeited' | 'expired' | 'withdrawn';

/** What a state means to its owner; nothing is told by a colour alone. */
export type Tone = 'good' | 'warn' | 'bad' | 'over';

const tones: Readonly<Record<State, Tone>> = {
  serving: 'good', low: 'warn', cooling: 'warn', paused: 'over', rejected: 'bad', empty: 'bad', refused: 'bad', unreadable: 'bad', suspended: 'bad',
  depleted: 'over', forfeited: 'over', expired: 'over', withdrawn: 'over',
};

/** The tone of a state. */
export const toneOf = (state: State): Tone => tones[state];

/** The rests that last. */
export function restsOf(key: Pick<Key, 'rests'>, now: Date): Key['rests'] {
  return key.rests.filter(({ until }) => new Date(until) > now);
}

/** Whether less than a tenth is left. */
export const isLow = ({ currentQuota, originalQuota }: Pick<Key, 'currentQuota' | 'originalQuota'>) => unitsOf(currentQuota) * 10n < unitsOf(originalQuota);

function suspensionOf({ suspendedBy, statusReason }: Key): State {
  switch (suspendedBy) {
    case 'PROVIDER':
      return statusReason === 'the provider does not accept the key' ? 'rejected' : statusReason === 'the provider reports no quota left' ? 'empty' : 'refused';
    case 'MONITOR':
      return 'unreadable';
    default:
      return 'suspended';
  }
}

/** How a key is now. */
export function stateOf(key: Key, now: Date): State {
  switch (key.status) {
    case 'ACTIVE':
      return restsOf(key, now).some(({ model }) => model === null) ? 'cooling' : isLow(key) ? 'low' : 'serving';
    case 'PAUSED':
      return 'paused';
    case 'SUSPENDED':
      return suspensionOf(key);
    case 'DEPLETED':
      return key.statusReason === null ? 'depleted' : 'forfeited';
    case 'EXPIRED':
      return 'expired';
    case 'WITHDRAWN':
      return 'withdrawn';
  }
}

/** Whether a key serves no more. */
export const isOver = ({ status }: Pick<Key, 'status'>) => status === 'DEPLETED' || status === 'EXPIRED' || status === 'WITHDRAWN';

/** What can be done with a key. */
export type Act = 'pause' | 'resume' | 'verify' | 'rotate' | 'limit' | 'withdraw';

/** What its owner can do with a key as it is; who is frozen can only repair. */
export function actsOn({ status, suspendedBy }: Pick<Key, 'status' | 'suspendedBy'>, frozen: boolean): ReadonlySet<Act> {
  const acts = new Set<Act>();
  const testable = status === 'ACTIVE' || status === 'PAUSED' || (status === 'SUSPENDED' && suspendedBy === 'PROVIDER');
  if (testable) {
    acts.add('verify').add('rotate');
  }
  if (status === 'PAUSED') {
    acts.add('resume');
  }
  if (!frozen) {
    if (status === 'ACTIVE') {
      acts.add('pause');
    }
    if (status === 'ACTIVE' || status === 'PAUSED' || status === 'SUSPENDED') {
      acts.add('limit');
    }
    if (status !== 'WITHDRAWN') {
      acts.add('withdraw');
    }
  }
  return acts;
}

/** The words for why a key rests. */
export type Why = 'coolingDown' | 'breakerOpen' | 'backingOff' | 'otherRest';

/** Why a key rests, as a word. */
export function whyOf(reason: string): Why {
  switch (reason) {
    case 'cooling_down':
      return 'coolingDown';
    case 'breaker_open':
      return 'breakerOpen';
    case 'backing_off':
      return 'backingOff';
    default:
      return 'otherRest';
  }
}
