import { Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { SignInDocument } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { problemOf } from '../../shared/problem.ts';
import { Entrance } from './entrance.tsx';
import { localPath } from './next.ts';
import { Refusal, useSayRefusal } from './problems.tsx';
import { useWords } from './words.ts';

/** Signs somebody in, and leads them to where they wanted to go. */
export function SignIn({ next }: { readonly next?: string }) {
  const t = useWords();
  const say = useSayRefusal();
  const [{ error, fetching, data }, signIn] = useMutation(SignInDocument);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  // A code is asked for only once the password has proven right.
  const [coded, setCoded] = useState(false);
  const problem = error === undefined ? undefined : problemOf(error);
  const wrong = problem?.code === 'UNAUTHENTICATED';

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await signIn({ input: { email, password, code: coded ? code : null } });
    if (answer.data != null) {
      leave(localPath(next));
    } else if (answer.error !== undefined && problemOf(answer.error).code === 'SECOND_FACTOR_REQUIRED') {
      setCoded(true);
    }
  };
  return (
    <Entrance
      title={t('signIn')}
      lead={t('signInLead')}
      below={
        <>
          {t('noAccount')}{' '}
          <Anchor component={Link} to="/sign-up" inherit underline="always">
            {t('signUp')}
          </Anchor>
        </>
      }
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {wrong && !coded && <Refusal>{t('wrong')}</Refusal>}
          {problem !== undefined && !wrong && problem.code !== 'SECOND_FACTOR_REQUIRED' && <Refusal>{say(problem)}</Refusal>}
          <TextInput
            label={t('email')}
            name="email"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => {
              setEmail(event.currentTarget.value);
              setCoded(false);
            }}
          />
          <PasswordInput
            label={t('password')}
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => {
              setPassword(event.currentTarget.value);
              setCoded(false);
            }}
          />
          {coded && (
            <TextInput
              label={t('code')}
              description={t('codeHint')}
              name="code"
              autoComplete="one-time-code"
              required
              withAsterisk={false}
              // oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears because it is asked for
              autoFocus
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              error={wrong && t('wrongCode')}
            />
          )}
          <Button type="submit" loading={fetching || data != null} fullWidth>
            {t('signIn')}
          </Button>
          <Anchor component={Link} to="/forgot-password" size="sm">
            {t('forgot')}
          </Anchor>
        </Stack>
      </form>
    </Entrance>
  );
}
