import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { type CombinedError, useMutation } from 'urql';
import { RevokeTokenDocument, type TokenRowFragment } from '../../graphql/graphql.ts';
import { Dialog } from '../../shared/ui/dialog.tsx';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { Trouble } from '../../shared/ui/states.tsx';
import { useWords } from './words.ts';

/** Asks before a token is revoked, which can't be undone. */
export function RevokeToken({ token, close }: { readonly token: TokenRowFragment; readonly close: () => void }) {
  const t = useWords();
  const confirmed = useConfirmed();
  const [{ fetching }, revoke] = useMutation(RevokeTokenDocument);
  const [error, setError] = useState<CombinedError>();
  const act = async () => {
    const answer = await confirmed(() => revoke({ id: token.id }));
    if (answer.error === undefined) {
      close();
    } else {
      setError(answer.error);
    }
  };
  return (
    <Dialog close={close} title={t('revokeTitle', { name: token.name })}>
      <Stack>
        <Text size="sm">{t('revokeText', { masked: token.maskedSecret })}</Text>
        {error !== undefined && <Trouble error={error} />}
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={close}>
            {t('keep')}
          </Button>
          <Button color="red" loading={fetching} onClick={() => void act()}>
            {t('revoke')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
