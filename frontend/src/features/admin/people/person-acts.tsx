import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useMutation } from 'urql';
import { type AdminPersonWholeFragment, SetUserStatusDocument } from '../../../graphql/graphql.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { ActDialog } from '../lists/act-dialog.tsx';
import { GrantDialog } from './grant-dialog.tsx';
import { RolesDialog } from './roles-dialog.tsx';
import { usePeopleWords } from './words.ts';

interface PersonActsProps {
  readonly person: AdminPersonWholeFragment;
  readonly refresh: () => void;
}

/** What an admin can do for and with somebody. */
export function PersonActs({ person, refresh }: PersonActsProps) {
  const t = usePeopleWords();
  const confirmed = useConfirmed();
  const [, setStatus] = useMutation(SetUserStatusDocument);
  const [asking, setAsking] = useState<'grant' | 'roles' | 'status'>();
  const [granted, setGranted] = useState<string>();
  const close = () => setAsking(undefined);
  const frozen = person.status === 'FROZEN';
  const word = frozen ? 'unfreeze' : 'freeze';
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button size="xs" onClick={() => setAsking('grant')}>
          {t('grant')}
        </Button>
        <Button size="xs" variant="default" onClick={() => setAsking('roles')}>
          {t('changeRoles')}
        </Button>
        <Button size="xs" ml="auto" variant={frozen ? 'default' : 'light'} {...(frozen ? {} : { color: 'red' })} onClick={() => setAsking('status')}>
          {t(word)}
        </Button>
      </Group>
      <Text size="sm" c="var(--good)" component="output">
        {granted !== undefined && t('granted', { seq: granted })}
      </Text>
      {asking === 'grant' && (
        <GrantDialog
          id={person.id}
          name={person.displayName}
          granted={(seq) => {
            setGranted(seq);
            refresh();
          }}
          close={close}
        />
      )}
      {asking === 'roles' && <RolesDialog person={person} refresh={refresh} close={close} />}
      {asking === 'status' && (
        <ActDialog
          title={t(`${word}Title`, { name: person.displayName })}
          told={t(`${word}Told`)}
          word={t(word)}
          danger={!frozen}
          reason={frozen ? 'optional' : 'required'}
          act={(reason) => confirmed(() => setStatus({ userId: person.id, status: frozen ? 'ACTIVE' : 'FROZEN', reason: reason === '' ? null : reason }))}
          close={close}
        />
      )}
    </Stack>
  );
}
