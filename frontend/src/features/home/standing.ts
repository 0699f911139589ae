import type { HomeKeysQuery } from '../../graphql/graphql.ts';
import { unitsOf } from '../../shared/money.ts';

type Key = NonNullable<HomeKeysQuery['viewer']>['resources']['edges'][number]['node'];

/** How a key does, the worst first: what its owner should see before all else. */
export const standings = ['suspended', 'low', 'cooling', 'serving', 'paused', 'over'] as const;
export type Standing = (typeof standings)[number];

/** How a key does now. Less than a tenth left is low, as it is of a contributor. */
export function standingOf({ status, originalQuota, currentQuota, nextProbeAt }: Key, now: Date): Standing {
  switch (status) {
    case 'SUSPENDED':
      return 'suspended';
    case 'PAUSED':
      return 'paused';
    case 'ACTIVE':
      if (unitsOf(currentQuota) * 10n < unitsOf(originalQuota)) {
        return 'low';
      }
      return nextProbeAt !== null && new Date(nextProbeAt) > now ? 'cooling' : 'serving';
    default:
      return 'over';
  }
}

/** How many keys do how, and until when the first of the suspended has to be repaired. */
export function countKeys(keys: readonly Key[], now: Date): { readonly counts: ReadonlyMap<Standing, number>; readonly repairBy: string | undefined } {
  const counts = new Map<Standing, number>();
  for (const key of keys) {
    const standing = standingOf(key, now);
    counts.set(standing, (counts.get(standing) ?? 0) + 1);
  }
  const repairs = keys.flatMap(({ status, repairBy }) => (status === 'SUSPENDED' && repairBy !== null ? [repairBy] : []));
  return { counts, repairBy: repairs.toSorted()[0] };
}
