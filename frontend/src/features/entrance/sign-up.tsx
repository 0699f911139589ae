import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { SignInMethodsDocument, SignUpDocument } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { Entrance } from './entrance.tsx';
import { Refusal, useSayRefusal } from './problems.tsx';
import { useWords, type Word } from './words.ts';

interface SignUpProps {
  /** Whom the invitation was sent to. */
  readonly email?: string;
  readonly invite?: string;
}

const ofField = new Map<string, Word>([
  ['input.email', 'badEmail'],
  ['input.password', 'shortPassword'],
  ['input.displayName', 'badName'],
]);

/** What is said at a field of the form. */
function wordAt(field: string, problem: Problem | undefined): Word | undefined {
  if (problem?.code === 'CONFLICT' && field === 'input.email') {
    return 'known';
  }
  return problem?.code === 'BAD_USER_INPUT' && problem.field === field ? ofField.get(field) : undefined;
}

/** Lets somebody make an account, where they may. */
export function SignUp({ email, invite }: SignUpProps) {
  const t = useWords();
  const [{ data }] = useQuery({ query: SignInMethodsDocument });
  const mode = data?.signInMethods.signUp;
  const below = (
    <>
      {t('haveAccount')}{' '}
      <Anchor component={Link} to="/sign-in" inherit underline="always">
        {t('signIn')}
      </Anchor>
    </>
  );
  if (mode === 'CLOSED' || (mode === 'INVITE' && invite === undefined)) {
    return (
      <Entrance title={t(mode === 'CLOSED' ? 'closedTitle' : 'inviteTitle')} below={below}>
        <Text>{t(mode === 'CLOSED' ? 'closed' : 'needsInvite')}</Text>
      </Entrance>
    );
  }
  return (
    <Entrance title={t('signUp')} lead={email === undefined || invite === undefined ? t('signUpLead') : t('invited', { email })} below={below}>
      <SignUpForm {...(email === undefined ? {} : { email })} {...(invite === undefined ? {} : { invite })} />
    </Entrance>
  );
}

/** Makes an account and signs it in. */
function SignUpForm({ email: invited, invite }: SignUpProps) {
  const t = useWords();
  const say = useSayRefusal();
  const [{ error, fetching, data }, signUp] = useMutation(SignUpDocument);
  const [displayName, setDisplayName] = useState('');
  const [email, setEmail] = useState(invited ?? '');
  const [password, setPassword] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const at = (field: string) => {
    const word = wordAt(field, problem);
    return word === undefined ? undefined : t(word);
  };
  const refusal = () => {
    if (problem === undefined || [...ofField.keys()].some((field) => wordAt(field, problem) !== undefined)) {
      return undefined;
    }
    if (problem.code === 'FORBIDDEN') {
      return t(problem.field === 'input.invite' ? 'needsInvite' : 'closed');
    }
    return say(problem);
  };
  const refused = refusal();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await signUp({ input: { email, password, displayName, ...(invite === undefined ? {} : { invite }) } });
    if (answer.data != null) {
      leave('/home');
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        {refused !== undefined && <Refusal>{refused}</Refusal>}
        <TextInput
          label={t('name')}
          description={t('nameHint')}
          name="name"
          autoComplete="name"
          required
          withAsterisk={false}
          maxLength={80}
          value={displayName}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
          error={at('input.displayName')}
        />
        <TextInput
          label={t('email')}
          name="email"
          type="email"
          autoComplete="username"
          required
          withAsterisk={false}
          // An invitation is for one e-mail.
          readOnly={invited !== undefined && invite !== undefined}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={
            at('input.email') !== undefined && (
              <>
                {at('input.email')}{' '}
                {problem?.code === 'CONFLICT' && (
                  <Anchor component={Link} to="/sign-in" inherit underline="always">
                    {t('signInInstead')}
                  </Anchor>
                )}
              </>
            )
          }
        />
        <PasswordInput
          label={t('password')}
          description={t('passwordHint')}
          name="password"
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={8}
          maxLength={256}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={at('input.password')}
        />
        <Button type="submit" loading={fetching || data != null} fullWidth>
          {t('signUp')}
        </Button>
      </Stack>
    </form>
  );
}
