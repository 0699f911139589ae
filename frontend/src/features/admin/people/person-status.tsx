import { IconCircleCheck, IconSnowflake, IconUserX } from '@tabler/icons-react';
import type { AdminPersonFragment } from '../../../graphql/graphql.ts';
import { StateWord } from '../lists/state-word.tsx';
import { usePeopleWords } from './words.ts';

/** How an account is. */
export function PersonStatus({ person: { status, deletedAt } }: { readonly person: Pick<AdminPersonFragment, 'status' | 'deletedAt'> }) {
  const t = usePeopleWords();
  if (deletedAt !== null) {
    return (
      <StateWord icon={IconUserX} color="over">
        {t('deleted')}
      </StateWord>
    );
  }
  return (
    <StateWord icon={status === 'ACTIVE' ? IconCircleCheck : IconSnowflake} color={status === 'ACTIVE' ? 'good' : 'warn'}>
      {t(status)}
    </StateWord>
  );
}
