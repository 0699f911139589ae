import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { ReauthenticateDocument } from '../graphql/graphql.ts';
import { problemOf, useSayProblem } from './problem.ts';
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
  },
);

/** Asks for the password, and for a code where the account has a second factor. */
export default function ReauthenticateDialog({ settle }: { readonly settle: (confirmed: boolean) => void }) {
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
    <Modal opened onClose={() => settle(false)} title={t('title')} centered closeButtonProps={{ 'aria-label': t('cancel') }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t('why')}
          </Text>
          <PasswordInput
            label={t('password')}
            name="password"
            autoComplete="current-password"
            required
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
    </Modal>
  );
}
