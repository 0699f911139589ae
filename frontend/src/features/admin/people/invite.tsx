import { Button, CopyButton, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { CreateInviteDocument, type CreateInviteMutation } from '../../../graphql/graphql.ts';
import { problemOf, type Problem, useSayProblem } from '../../../shared/problem.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { When } from '../../../shared/ui/when.tsx';
import { usePeopleWords } from './words.ts';

/** The end of a day of the reader's. */
function endOf(day: string): Date | undefined {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return day === '' ? undefined : new Date(year, month - 1, date + 1);
}

const isPast = (at: Date | undefined) => at !== undefined && at.getTime() <= Date.now();

/** Makes a link to sign up with. */
export function Invite() {
  const t = usePeopleWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ fetching }, create] = useMutation(CreateInviteDocument);
  const [email, setEmail] = useState('');
  const [until, setUntil] = useState('');
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [made, setMade] = useState<CreateInviteMutation['createInvite']>();
  const end = endOf(until);
  const emailBad = !/^[^\s@]+@[^\s@]+$/u.test(email.trim());
  const untilBad = isPast(end);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (emailBad || untilBad) {
      return;
    }
    const { data, error } = await confirmed(() => create({ email: email.trim(), expiresAt: end?.toISOString() ?? null }));
    setProblem(error === undefined ? undefined : problemOf(error));
    if (data !== undefined && error === undefined) {
      setMade(data.createInvite);
      setEmail('');
      setTried(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        <Text size="sm">{t('inviteTold')}</Text>
        <TextInput
          label={t('email')}
          type="email"
          autoComplete="off"
          data-autofocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={tried && emailBad ? t('emailBad') : problem?.field === 'email' && say(problem)}
        />
        <TextInput
          label={t('inviteUntil')}
          description={t('inviteUntilTold')}
          type="date"
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
          error={tried && untilBad ? t('untilBad') : problem?.field === 'expiresAt' && say(problem)}
        />
        {problem !== undefined && problem.field !== 'email' && problem.field !== 'expiresAt' && (
          <Text size="sm" c="var(--bad)" role="alert">
            {say(problem)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={fetching}>
            {t('inviteDo')}
          </Button>
        </Group>
        {made !== undefined && <Made invite={made} />}
      </Stack>
    </form>
  );
}

function Made({ invite }: { readonly invite: CreateInviteMutation['createInvite'] }) {
  const t = usePeopleWords();
  return (
    <Stack gap="xs" aria-live="polite">
      <TextInput label={t('inviteMade', { email: invite.email })} readOnly value={invite.url} onFocus={(event) => event.currentTarget.select()} />
      <Group gap="sm">
        <CopyButton value={invite.url}>
          {({ copied, copy }) => (
            <Button variant="default" size="xs" onClick={copy} leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}>
              {t(copied ? 'copied' : 'copy')}
            </Button>
          )}
        </CopyButton>
        <Text size="sm" c="dimmed" component="div">
          {t('inviteEnds')} <When at={invite.expiresAt} />
        </Text>
      </Group>
    </Stack>
  );
}
