import { Anchor, Button, PasswordInput, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { ResetPasswordDocument } from '../../graphql/graphql.ts';
import { problemOf } from '../../shared/problem.ts';
import { Entrance } from './entrance.tsx';
import { Refusal, useSayRefusal } from './problems.tsx';
import { useWords } from './words.ts';

/** Takes a new password of who has opened the link in a mail. */
export function ResetPassword({ token = '' }: { readonly token?: string }) {
  const t = useWords();
  const say = useSayRefusal();
  const [{ error, fetching, data }, reset] = useMutation(ResetPasswordDocument);
  const [password, setPassword] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const back = (
    <Anchor component={Link} to="/sign-in" inherit underline="always">
      {t('back')}
    </Anchor>
  );
  if (data?.resetPassword === true) {
    return (
      <Entrance title={t('resetDone')}>
        <Text component="output">{t('resetDoneTold')}</Text>
        <Button component={Link} to="/sign-in">
          {t('signIn')}
        </Button>
      </Entrance>
    );
  }
  if (token === '' || (problem?.code === 'BAD_USER_INPUT' && problem.field === 'token')) {
    return (
      <Entrance title={t('badLink')} below={back}>
        <Text role="alert">{t('badLinkTold')}</Text>
        <Button component={Link} to="/forgot-password">
          {t('newLink')}
        </Button>
      </Entrance>
    );
  }
  const short = problem?.code === 'BAD_USER_INPUT';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void reset({ token, password });
  };
  return (
    <Entrance title={t('resetTitle')} lead={t('resetLead')} below={back}>
      <form onSubmit={submit}>
        <Stack>
          {problem !== undefined && !short && <Refusal>{say(problem)}</Refusal>}
          <PasswordInput
            label={t('newPassword')}
            description={t('passwordHint')}
            name="password"
            autoComplete="new-password"
            required
            withAsterisk={false}
            minLength={8}
            maxLength={256}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={short && t('shortPassword')}
          />
          <Button type="submit" loading={fetching} fullWidth>
            {t('change')}
          </Button>
        </Stack>
      </form>
    </Entrance>
  );
}
