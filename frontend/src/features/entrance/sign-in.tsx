import { Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { SignInDocument, SignInMethodsDocument } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { problemOf } from '../../shared/problem.ts';
import { Entrance } from './entrance.tsx';
import { localPath } from './next.ts';
import { OtherWays } from './other-ways.tsx';
import { Refusal, useSayRefusal } from './problems.tsx';
import { signOnWord } from './sign-on-error.ts';
import { useWords } from './words.ts';

interface SignInProps {
  readonly next?: string;
  /** Why a single sign-on came to nothing. */
  readonly error?: string;
}

/** Signs somebody in, in the ways that there are here, and leads them to where they wanted to go. */
export function SignIn({ next: wanted, error }: SignInProps) {
  const t = useWords();
  const [{ data }] = useQuery({ query: SignInMethodsDocument });
  const methods = data?.signInMethods;
  const next = localPath(wanted);
  return (
    <Entrance
      title={t('signIn')}
      lead={t('signInLead')}
      below={
        methods?.signUp !== 'CLOSED' && (
          <>
            {t('noAccount')}{' '}
            <Anchor component={Link} to="/sign-up" inherit underline="always">
              {t('signUp')}
            </Anchor>
          </>
        )
      }
    >
      {error !== undefined && <Refusal>{t(signOnWord(error))}</Refusal>}
      {methods?.password !== false && <PasswordForm next={next} />}
      {methods !== undefined && <OtherWays methods={methods} next={next} />}
    </Entrance>
  );
}

function PasswordForm({ next }: { readonly next: string }) {
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
      leave(next);
    } else if (answer.error !== undefined && problemOf(answer.error).code === 'SECOND_FACTOR_REQUIRED') {
      setCoded(true);
    }
  };
  return (
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
  );
}
