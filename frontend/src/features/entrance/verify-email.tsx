import { Button, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useMutation } from 'urql';
import { VerifyEmailDocument } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { problemOf } from '../../shared/problem.ts';
import { SkeletonRows } from '../../shared/ui/states.tsx';
import { Entrance } from './entrance.tsx';
import { useSayRefusal } from './problems.tsx';
import { useWords } from './words.ts';

/** Confirms the e-mail that the link was sent to, at once: whoever has opened it reads what is sent there. */
export function VerifyEmail({ token = '' }: { readonly token?: string }) {
  const t = useWords();
  const say = useSayRefusal();
  const [{ data, error }, verify] = useMutation(VerifyEmailDocument);
  const sent = useRef(false);
  useEffect(() => {
    // A link works once, however often the effect runs.
    if (!sent.current && token !== '') {
      sent.current = true;
      void verify({ token });
    }
  }, [token, verify]);
  if (data?.verifyEmail === true) {
    return (
      <Entrance title={t('verified')}>
        <Text component="output">{t('verifiedTold')}</Text>
        {/* What is known here of the account is older. */}
        <Button onClick={() => leave('/home')}>{t('toAccount')}</Button>
      </Entrance>
    );
  }
  const problem = error === undefined ? undefined : problemOf(error);
  if (token === '' || problem?.code === 'BAD_USER_INPUT') {
    return (
      <Entrance title={t('badLink')}>
        <Text role="alert">{t('verifyBadTold')}</Text>
        <Button component={Link} to="/account">
          {t('toAccount')}
        </Button>
      </Entrance>
    );
  }
  if (problem !== undefined) {
    return (
      <Entrance title={t('verifyFailed')}>
        <Text role="alert">{problem.code === 'CONFLICT' ? t('verifyTaken') : say(problem)}</Text>
        {problem.code !== 'CONFLICT' && <Button onClick={() => void verify({ token })}>{t('again')}</Button>}
      </Entrance>
    );
  }
  return (
    <Entrance title={t('verifying')}>
      <SkeletonRows rows={2} />
    </Entrance>
  );
}
