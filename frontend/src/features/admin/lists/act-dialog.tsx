import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { CombinedError } from 'urql';
import { problemOf, useSayProblem } from '../../../shared/problem.ts';
import { Dialog } from '../../../shared/ui/dialog.tsx';
import { useCommonWords } from './words.ts';

interface ActDialogProps {
  readonly title: string;
  /** What it does, and to whom. */
  readonly told: ReactNode;
  /** The word on the button. */
  readonly word: string;
  readonly danger?: boolean;
  /** Whether there has to be a reason; none: none is asked for. */
  readonly reason?: 'required' | 'optional' | 'none';
  readonly act: (reason: string) => Promise<{ readonly error?: CombinedError | undefined }>;
  readonly close: () => void;
}

/** Asks before an act, and for the reason; what goes wrong is said here, and what was typed stays. */
export function ActDialog({ title, told, word, danger = false, reason: asked = 'optional', act, close }: ActDialogProps) {
  const t = useCommonWords();
  const say = useSayProblem();
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CombinedError>();
  const lacks = asked === 'required' && reason.trim() === '';
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (lacks) {
      return;
    }
    setBusy(true);
    const answer = await act(reason.trim());
    setBusy(false);
    setError(answer.error);
    if (answer.error === undefined) {
      close();
    }
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack>
          <Text size="sm" component="div">
            {told}
          </Text>
          {asked !== 'none' && (
            <TextInput
              label={t('reason')}
              description={t('reasonTold')}
              required={asked === 'required'}
              data-autofocus
              maxLength={200}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              error={tried && lacks && t('reasonMissing')}
            />
          )}
          {error !== undefined && (
            <Text size="sm" c="var(--bad)" role="alert">
              {say(problemOf(error))}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={busy} {...(danger ? { color: 'red' } : {})}>
              {word}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
