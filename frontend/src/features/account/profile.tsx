import { Button, Group, Stack, TextInput } from '@mantine/core';
import { IconAlertCircle, IconCircleCheck } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { ChangeEmailDocument, SendVerificationDocument } from '../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { useLanguage } from '../../shared/words/words.ts';
import type { Owner } from './account.tsx';
import classes from './account.module.css';
import { Block, Line, Said, Section } from './section.tsx';
import { useWords } from './words.ts';

/** Name and e-mail, and whether the e-mail is known to be theirs. */
export function Profile({ owner }: { readonly owner: Owner }) {
  const t = useWords();
  const say = useSayProblem();
  const { tag } = useLanguage();
  const [{ fetching }, send] = useMutation(SendVerificationDocument);
  const [said, setSaid] = useState('');
  const [changing, setChanging] = useState(false);
  const email = owner.email ?? '';
  const verified = owner.emailVerifiedAt !== null;
  const sendAgain = async () => {
    const { error } = await send({});
    if (error === undefined) {
      setSaid(t('sent', { email }));
    } else {
      const problem = problemOf(error);
      setSaid(problem.code === 'FORBIDDEN' ? t('noMail') : say(problem));
    }
  };
  return (
    <Section id="profile" title={t('profile')} lead={t('profileLead')}>
      <Line label={t('name')}>{owner.displayName}</Line>
      <Line
        label={
          <>
            {t('email')}
            {verified ? (
              <span className={classes.tag}>
                <IconCircleCheck size={14} aria-hidden /> {t('verified')}
              </span>
            ) : (
              <span className={classes.tag} data-tone="warn">
                <IconAlertCircle size={14} aria-hidden /> {t('unverified')}
              </span>
            )}
          </>
        }
        actions={
          <>
            {!verified && (
              <Button variant="default" size="xs" loading={fetching} onClick={() => void sendAgain()}>
                {t('sendAgain')}
              </Button>
            )}
            {!changing && (
              <Button variant="default" size="xs" onClick={() => setChanging(true)}>
                {t('changeEmail')}
              </Button>
            )}
          </>
        }
      >
        {email}
        {!verified && <div>{t('unverifiedTold')}</div>}
      </Line>
      <Said>{said}</Said>
      {changing && (
        <EmailForm
          close={(what) => {
            setChanging(false);
            setSaid(what);
          }}
        />
      )}
      <Line label={t('since')}>
        <time dateTime={owner.createdAt}>{new Date(owner.createdAt).toLocaleDateString(tag, { dateStyle: 'long' })}</time>
      </Line>
    </Section>
  );
}

/** Asks for another e-mail; close is told what became of it. */
function EmailForm({ close }: { readonly close: (said: string) => void }) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ error, fetching }, change] = useMutation(ChangeEmailDocument);
  const [email, setEmail] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { data } = await confirmed(() => change({ email }));
    if (data != null) {
      const now = data.changeEmail.email;
      // Where no mail is sent, it is theirs at once.
      close(now === email.trim().toLowerCase() ? t('emailChanged', { email: now }) : t('emailSent', { email }));
    }
  };
  const wrong = () => {
    switch (problem?.code) {
      case undefined:
        return undefined;
      case 'BAD_USER_INPUT':
        return t('badEmail');
      case 'CONFLICT':
        return t('emailTaken');
      default:
        return say(problem as NonNullable<typeof problem>);
    }
  };
  return (
    <Block>
      <form onSubmit={(event) => void submit(event)} className={classes.form}>
        <Stack gap="sm">
          <TextInput
            label={t('newEmail')}
            description={t('newEmailHint')}
            name="email"
            type="email"
            autoComplete="email"
            required
            withAsterisk={false}
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears because it was asked for
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            error={wrong()}
          />
          <Group gap="xs">
            <Button type="submit" size="xs" loading={fetching}>
              {t('save')}
            </Button>
            <Button variant="default" size="xs" onClick={() => close('')}>
              {t('cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Block>
  );
}
