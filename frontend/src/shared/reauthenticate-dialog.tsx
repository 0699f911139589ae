import { Anchor, Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { IconFingerprint } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { CombinedError, useMutation, useQuery } from 'urql';
import { ReauthenticateDocument, ReauthenticateWithPasskeyDocument, WaysToConfirmDocument } from '../graphql/graphql.ts';
import { hasPasskeys, useAskPasskey } from './passkey.ts';
import { problemOf, useSayProblem } from './problem.ts';
import { Dialog } from './ui/dialog.tsx';
import { defineWords } from './words/words.ts';

const useWords = defineWords(
  'reauthenticate',
  {
    title: 'Confirm that it is you',
    why: 'You signed in a while ago, and this concerns your keys, your money or your account.',
    password: 'Password',
    code: 'Code',
    codeHint: 'From your authenticator app, or a recovery code.',
    confirm: 'Confirm',
    cancel: 'Cancel',
    wrongPassword: 'This is not your password.',
    wrongCode: 'This code is wrong, or was used already. Wait for the next one.',
    passkey: 'Use a passkey',
    declined: 'The device gave no passkey. Try again, or confirm in another way.',
    badPasskey: 'This passkey is not good here.',
    elsewhere: 'Confirm with {{name}}',
    elsewhereHint: 'You come back to this page, and do it again.',
  },
  {
    title: '请确认是你本人',
    why: '你登录已有一段时间，而此操作涉及你的密钥、资金或账户。',
    password: '密码',
    code: '验证码',
    codeHint: '来自验证器应用，也可以使用恢复码。',
    confirm: '确认',
    cancel: '取消',
    wrongPassword: '密码不正确。',
    wrongCode: '验证码不正确或已被使用，请等待下一个。',
    passkey: '使用通行密钥',
    declined: '设备没有给出通行密钥。请重试，或用其他方式确认。',
    badPasskey: '这个通行密钥在此无效。',
    elsewhere: '通过 {{name}} 确认',
    elsewhereHint: '完成后会回到此页面，请重新操作一次。',
  },
);

/** Asks whoever is there to prove who they are, in the ways that the account has. */
export default function ReauthenticateDialog({ settle }: { readonly settle: (confirmed: boolean) => void }) {
  const t = useWords();
  const [{ data }] = useQuery({ query: WaysToConfirmDocument });
  const { viewer, signInMethods } = data ?? {};
  const oidc = (viewer?.identities.length ?? 0) > 0 ? signInMethods?.oidc : undefined;
  const back = encodeURIComponent(window.location.pathname + window.location.search);
  return (
    <Dialog close={() => settle(false)} title={t('title')}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t('why')}
        </Text>
        {signInMethods?.passkeys === true && (viewer?.passkeys.length ?? 0) > 0 && hasPasskeys() && <ByPasskey settle={settle} />}
        {oidc != null && (
          <div>
            <Anchor href={`${oidc.url}?fresh&return=${back}`}>{t('elsewhere', { name: oidc.name })}</Anchor>
            <Text size="sm" c="dimmed">
              {t('elsewhereHint')}
            </Text>
          </div>
        )}
        {viewer?.hasPassword !== false && <ByPassword settle={settle} />}
      </Stack>
    </Dialog>
  );
}

function ByPasskey({ settle }: { readonly settle: (confirmed: boolean) => void }) {
  const t = useWords();
  const say = useSayProblem();
  const ask = useAskPasskey();
  const [{ fetching }, reauthenticate] = useMutation(ReauthenticateWithPasskeyDocument);
  const [failed, setFailed] = useState('');
  const use = async () => {
    const given = await ask();
    if (given === undefined) {
      setFailed(t('declined'));
      return;
    }
    const error = given instanceof CombinedError ? given : (await reauthenticate({ input: given })).error;
    if (error === undefined) {
      settle(true);
    } else {
      const problem = problemOf(error);
      setFailed(problem.code === 'UNAUTHENTICATED' ? t('badPasskey') : say(problem));
    }
  };
  return (
    <div>
      <Button variant="default" fullWidth loading={fetching} leftSection={<IconFingerprint size={18} aria-hidden />} onClick={() => void use()}>
        {t('passkey')}
      </Button>
      {failed !== '' && (
        <Text size="sm" c="var(--bad)" role="alert">
          {failed}
        </Text>
      )}
    </div>
  );
}

/** Asks for the password, and for a code where the account has a second factor. */
function ByPassword({ settle }: { readonly settle: (confirmed: boolean) => void }) {
  const t = useWords();
  const say = useSayProblem();
  const [{ fetching, error }, reauthenticate] = useMutation(ReauthenticateDocument);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  // A code is asked for only once the password has proven right.
  const [coded, setCoded] = useState(false);
  const problem = error === undefined ? undefined : problemOf(error);
  const wrong = problem?.code === 'UNAUTHENTICATED';

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await reauthenticate({ password, code: coded ? code : null });
    if (answer.error === undefined) {
      settle(true);
    } else if (problemOf(answer.error).code === 'SECOND_FACTOR_REQUIRED') {
      setCoded(true);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <PasswordInput
          label={t('password')}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus
          value={password}
          onChange={(event) => {
            setPassword(event.currentTarget.value);
            setCoded(false);
          }}
          error={wrong && !coded && t('wrongPassword')}
        />
        {coded && (
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
            error={wrong && t('wrongCode')}
          />
        )}
        {problem !== undefined && !wrong && problem.code !== 'SECOND_FACTOR_REQUIRED' && (
          <Text size="sm" c="var(--bad)" role="alert">
            {say(problem)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => settle(false)}>
            {t('cancel')}
          </Button>
          <Button type="submit" loading={fetching}>
            {t('confirm')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
