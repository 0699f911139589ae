import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { ChangePasswordDocument } from '../../graphql/graphql.ts';
import { type Problem, problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import classes from './account.module.css';
import { Block, Line, Said, Section } from './section.tsx';
import { useWords } from './words.ts';

/** Changes the password, or sets one where somebody signs in otherwise. */
export function Password({ has, email }: { readonly has: boolean; readonly email: string }) {
  const t = useWords();
  const [changing, setChanging] = useState(false);
  const [said, setSaid] = useState('');
  return (
    <Section id="password" title={t('password')} lead={t(has ? 'passwordLead' : 'noPasswordLead')}>
      {changing ? (
        <PasswordForm
          has={has}
          email={email}
          close={(changed) => {
            setChanging(false);
            setSaid(changed ? t('passwordChanged') : '');
          }}
        />
      ) : (
        <Line
          label={t('password')}
          actions={
            <Button variant="default" size="xs" onClick={() => setChanging(true)}>
              {t(has ? 'changePassword' : 'setPassword')}
            </Button>
          }
        >
          {has ? '••••••••' : '—'}
        </Line>
      )}
      <Said>{said}</Said>
    </Section>
  );
}

/** What is wrong with which of the two fields; where it concerns neither, it is said below. */
function faults(problem: Problem | undefined, tooShort: boolean): 'old' | 'same' | 'short' | 'other' | undefined {
  switch (problem?.code) {
    case undefined:
      return undefined;
    case 'UNAUTHENTICATED':
      return 'old';
    case 'BAD_USER_INPUT':
      return problem?.field === 'password' ? 'old' : tooShort ? 'short' : 'same';
    default:
      return 'other';
  }
}

function PasswordForm({ has, email, close }: { readonly has: boolean; readonly email: string; readonly close: (changed: boolean) => void }) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ error, fetching }, change] = useMutation(ChangePasswordDocument);
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const fault = faults(problem, next.length < 8);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { data } = await confirmed(() => change({ password: has ? old : null, newPassword: next }));
    if (data != null) {
      close(true);
    }
  };
  return (
    <Block>
      <form onSubmit={(event) => void submit(event)} className={classes.form}>
        {/* For password managers, which keep a password with whose it is. */}
        <input type="email" name="username" autoComplete="username" value={email} readOnly hidden />
        <Stack gap="sm">
          {has && (
            <PasswordInput
              label={t('oldPassword')}
              name="old"
              autoComplete="current-password"
              required
              withAsterisk={false}
              // oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears because it was asked for
              autoFocus
              value={old}
              onChange={(event) => setOld(event.currentTarget.value)}
              error={fault === 'old' && t('wrongPassword')}
            />
          )}
          <PasswordInput
            label={t('newPassword')}
            description={t('passwordHint')}
            name="new"
            autoComplete="new-password"
            required
            withAsterisk={false}
            minLength={8}
            maxLength={256}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            error={(fault === 'same' && t('samePassword')) || (fault === 'short' && t('shortPassword'))}
          />
          {fault === 'other' && problem !== undefined && (
            <Text size="sm" c="var(--bad)" role="alert">
              {say(problem)}
            </Text>
          )}
          <Group gap="xs">
            <Button type="submit" size="xs" loading={fetching}>
              {t(has ? 'changePassword' : 'setPassword')}
            </Button>
            <Button variant="default" size="xs" onClick={() => close(false)}>
              {t('cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Block>
  );
}
