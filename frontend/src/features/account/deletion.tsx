import { Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { DeleteAccountDocument } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { showAmount, unitsOf } from '../../shared/money.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import classes from './account.module.css';
import { Block, Line, Section } from './section.tsx';
import { useWords } from './words.ts';

/** Deletes the account of who has typed their e-mail, so that it does not happen by the way. */
export function Deletion({ email }: { readonly email: string }) {
  const t = useWords();
  const [deleting, setDeleting] = useState(false);
  const { wallet } = useViewer();
  const left = wallet?.available ?? '0';
  return (
    <Section id="delete" title={t('remove')} lead={t('removeLead')}>
      <Line
        label={t('remove')}
        actions={
          !deleting && (
            <Button variant="outline" color="red" size="xs" onClick={() => setDeleting(true)}>
              {t('remove')}
            </Button>
          )
        }
      >
        {t('removeTold')}
        {unitsOf(left) > 0n && <strong> {t('removeCredits', { credits: showAmount(left).text })}</strong>}
      </Line>
      {deleting && <DeletionForm email={email} cancel={() => setDeleting(false)} />}
    </Section>
  );
}

function DeletionForm({ email, cancel }: { readonly email: string; readonly cancel: () => void }) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ error, fetching, data }, remove] = useMutation(DeleteAccountDocument);
  const [typed, setTyped] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await confirmed(() => remove({}));
    if (answer.data != null) {
      leave('/');
    }
  };
  return (
    <Block>
      <form onSubmit={(event) => void submit(event)} className={classes.form}>
        <Stack gap="sm">
          <TextInput
            label={t('typeEmail', { email })}
            name="confirm"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            required
            withAsterisk={false}
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears because it was asked for
            autoFocus
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {problem !== undefined && (
            <Text size="sm" c="var(--bad)" role="alert">
              {problem.code === 'CONFLICT' ? t('withdrawFirst') : say(problem)}{' '}
              {problem.code === 'CONFLICT' && (
                <Anchor component={Link} to="/keys" inherit underline="always">
                  {t('toKeys')}
                </Anchor>
              )}
            </Text>
          )}
          <Group gap="xs">
            <Button type="submit" size="xs" color="red" loading={fetching || data != null} disabled={typed.trim().toLowerCase() !== email.toLowerCase()}>
              {t('removeNow')}
            </Button>
            <Button variant="default" size="xs" onClick={cancel}>
              {t('cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Block>
  );
}
