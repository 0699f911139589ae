import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { DisableTotpDocument } from '../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import classes from './account.module.css';
import { Block } from './section.tsx';
import { useWords } from './words.ts';

/** Takes the second factor away, from who can give a code. */
export function DisableForm({ close }: { readonly close: () => void }) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ error, fetching }, disable] = useMutation(DisableTotpDocument);
  const [code, setCode] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { data } = await confirmed(() => disable({ code }));
    if (data != null) {
      close();
    }
  };
  return (
    <Block>
      <form onSubmit={(event) => void submit(event)} className={classes.form}>
        <Stack gap="sm">
          <Text size="sm">{t('turnOffTold')}</Text>
          <TextInput
            label={t('code')}
            description={t('codeHint')}
            name="code"
            autoComplete="one-time-code"
            required
            withAsterisk={false}
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears because it was asked for
            autoFocus
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            error={problem !== undefined && (['UNAUTHENTICATED', 'SECOND_FACTOR_REQUIRED'].includes(problem.code) ? t('wrongCode') : say(problem))}
          />
          <Group gap="xs">
            <Button type="submit" size="xs" color="red" loading={fetching}>
              {t('turnOff')}
            </Button>
            <Button variant="default" size="xs" onClick={close}>
              {t('cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Block>
  );
}
