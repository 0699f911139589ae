import { Button, Group, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, lazy, Suspense, useState } from 'react';
import { useMutation } from 'urql';
import { ConfirmTotpDocument, type EnrolTotpMutation } from '../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import classes from './account.module.css';
import { Copy } from './copy.tsx';
import { Block } from './section.tsx';
import { useWords } from './words.ts';

const QrCode = lazy(() => import('./qr-code.tsx'));

interface EnrolmentProps {
  readonly enrolment: EnrolTotpMutation['enrolTotp'];
  /** Told the recovery codes once the app has proven to know the secret. */
  readonly confirmed: (codes: readonly string[]) => void;
  readonly cancel: () => void;
}

/** Hands the secret to an app, and takes its first code. */
export function Enrolment({ enrolment: { secret, uri }, confirmed: done, cancel }: EnrolmentProps) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ error, fetching }, confirm] = useMutation(ConfirmTotpDocument);
  const [code, setCode] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { data } = await confirmed(() => confirm({ code }));
    if (data != null) {
      done(data.confirmTotp.recoveryCodes);
    }
  };
  return (
    <Block>
      <div className={classes.enrol}>
        <Suspense fallback={<Skeleton width={176} height={176} />}>
          <QrCode text={uri} label={t('qr')} />
        </Suspense>
        <Stack gap="sm" flex="1 1 260px">
          <Text size="sm">{t('scan')}</Text>
          <div>
            <Text size="sm" c="dimmed">
              {t('type')}
            </Text>
            <Group gap="xs">
              <code className={classes.secret}>{secret.replace(/.{4}(?=.)/gu, '$& ')}</code>
              <Copy text={secret}>{t('copyKey')}</Copy>
            </Group>
          </div>
          <form onSubmit={(event) => void submit(event)}>
            <Stack gap="sm">
              <TextInput
                label={t('firstCode')}
                name="code"
                autoComplete="one-time-code"
                inputMode="numeric"
                required
                withAsterisk={false}
                maw={200}
                // oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears because it was asked for
                autoFocus
                value={code}
                onChange={(event) => setCode(event.currentTarget.value)}
                error={problem !== undefined && (problem.code === 'BAD_USER_INPUT' ? t('badCode') : say(problem))}
              />
              <Group gap="xs">
                <Button type="submit" size="xs" loading={fetching}>
                  {t('confirm')}
                </Button>
                <Button variant="default" size="xs" onClick={cancel}>
                  {t('cancel')}
                </Button>
              </Group>
            </Stack>
          </form>
        </Stack>
      </div>
    </Block>
  );
}
