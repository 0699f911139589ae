import { Button, Divider, Stack } from '@mantine/core';
import { IconFingerprint, IconLogin2 } from '@tabler/icons-react';
import { useState } from 'react';
import { CombinedError, useMutation } from 'urql';
import { SignInWithPasskeyDocument, type SignInMethodsQuery } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { hasPasskeys, useAskPasskey } from '../../shared/passkey.ts';
import { problemOf } from '../../shared/problem.ts';
import { Refusal, useSayRefusal } from './problems.tsx';
import { useWords } from './words.ts';

interface OtherWaysProps {
  readonly methods: SignInMethodsQuery['signInMethods'];
  /** A path of this app. */
  readonly next: string;
}

/** The ways in without a password that there are here. */
export function OtherWays({ methods: { password, passkeys, oidc }, next }: OtherWaysProps) {
  const t = useWords();
  const devices = passkeys && hasPasskeys();
  if (!devices && oidc === null) {
    return null;
  }
  return (
    <Stack gap="xs">
      {password && <Divider label={t('or')} />}
      {devices && <PasskeyButton next={next} />}
      {oidc !== null && (
        <Button component="a" href={`${oidc.url}?return=${encodeURIComponent(next)}`} variant="default" fullWidth leftSection={<IconLogin2 size={18} aria-hidden />}>
          {t('elsewhere', { name: oidc.name })}
        </Button>
      )}
    </Stack>
  );
}

function PasskeyButton({ next }: { readonly next: string }) {
  const t = useWords();
  const say = useSayRefusal();
  const ask = useAskPasskey();
  const [{ fetching, data }, signIn] = useMutation(SignInWithPasskeyDocument);
  const [failed, setFailed] = useState('');
  const enter = async () => {
    const given = await ask();
    if (given === undefined) {
      setFailed(t('declined'));
      return;
    }
    const error = given instanceof CombinedError ? given : (await signIn({ input: given })).error;
    if (error === undefined) {
      leave(next);
    } else {
      const problem = problemOf(error);
      setFailed(problem.code === 'UNAUTHENTICATED' ? t('badPasskey') : say(problem));
    }
  };
  return (
    <>
      {failed !== '' && <Refusal>{failed}</Refusal>}
      <Button variant="default" fullWidth loading={fetching || data != null} leftSection={<IconFingerprint size={18} aria-hidden />} onClick={() => void enter()}>
        {t('passkey')}
      </Button>
    </>
  );
}
