import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { RequestPasswordResetDocument } from '../../graphql/graphql.ts';
import { problemOf } from '../../shared/problem.ts';
import { Entrance } from './entrance.tsx';
import { Refusal, useSayRefusal } from './problems.tsx';
import { useWords } from './words.ts';

/** Sends the link with which somebody chooses a new password. */
export function ForgotPassword() {
  const t = useWords();
  const say = useSayRefusal();
  const [{ error, fetching }, request] = useMutation(RequestPasswordResetDocument);
  const [email, setEmail] = useState('');
  const [sent, setSent] = useState(false);
  const problem = error === undefined ? undefined : problemOf(error);
  const bad = problem?.code === 'BAD_USER_INPUT';
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await request({ email });
    setSent(answer.data != null);
  };
  const below = (
    <Anchor component={Link} to="/sign-in" inherit underline="always">
      {t('back')}
    </Anchor>
  );
  if (sent) {
    return (
      <Entrance title={t('sentTitle')} below={below}>
        <Text component="output">{t('sentTold', { email })}</Text>
        <Text size="sm" c="dimmed">
          {t('sentAgain')}
        </Text>
        <Button variant="default" onClick={() => setSent(false)}>
          {t('again')}
        </Button>
      </Entrance>
    );
  }
  return (
    <Entrance title={t('forgotTitle')} lead={t('forgotLead')} below={below}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {problem !== undefined && !bad && <Refusal>{problem.code === 'FORBIDDEN' ? t('noMail') : say(problem)}</Refusal>}
          <TextInput
            label={t('email')}
            name="email"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            error={bad && t('badEmail')}
          />
          <Button type="submit" loading={fetching} fullWidth>
            {t('send')}
          </Button>
        </Stack>
      </form>
    </Entrance>
  );
}
