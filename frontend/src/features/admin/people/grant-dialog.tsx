import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { GrantCreditsDocument } from '../../../graphql/graphql.ts';
import { parseAmount } from '../../../shared/money.ts';
import { problemOf, useSayProblem } from '../../../shared/problem.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { Dialog } from '../../../shared/ui/dialog.tsx';
import { useCommonWords } from '../lists/words.ts';
import { usePeopleWords } from './words.ts';

interface GrantDialogProps {
  readonly id: string;
  readonly name: string;
  readonly granted: (seq: string) => void;
  readonly close: () => void;
}

/** Gives somebody Credits. However often it is sent, what is in the form is granted once. */
export function GrantDialog({ id, name, granted, close }: GrantDialogProps) {
  const t = usePeopleWords();
  const common = useCommonWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ fetching, error }, grant] = useMutation(GrantCreditsDocument);
  const [amount, setAmount] = useState('');
  const [memo, setMemo] = useState('');
  const [tried, setTried] = useState(false);
  const [attempt, setAttempt] = useState(() => crypto.randomUUID());
  const units = parseAmount(amount);
  const fault = units === undefined ? 'amountBad' : units <= 0n ? 'positive' : undefined;
  const problem = error === undefined ? undefined : problemOf(error);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (fault !== undefined || memo.trim() === '') {
      return;
    }
    const answer = await confirmed(() => grant({ userId: id, amount: amount.trim(), memo: memo.trim(), idempotencyKey: attempt }));
    if (answer.data !== undefined && answer.error === undefined) {
      granted(answer.data.grantCredits.seq);
      close();
    }
  };
  const type = (set: (text: string) => void) => (text: string) => {
    set(text);
    // Another amount or memo is another grant.
    setAttempt(crypto.randomUUID());
  };
  return (
    <Dialog title={t('grant')} close={close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack>
          <Text size="sm">{t('grantTold', { name })}</Text>
          <TextInput
            label={t('amount')}
            placeholder={t('amountHint')}
            inputMode="decimal"
            data-autofocus
            value={amount}
            onChange={(event) => type(setAmount)(event.currentTarget.value)}
            error={(tried || amount !== '') && fault !== undefined ? common(fault) : problem?.field === 'amount' && problem.message}
          />
          <TextInput
            label={t('memo')}
            description={t('memoTold', { name })}
            maxLength={200}
            value={memo}
            onChange={(event) => type(setMemo)(event.currentTarget.value)}
            error={tried && memo.trim() === '' ? t('memoMissing') : problem?.field === 'memo' && problem.message}
          />
          {problem !== undefined && problem.field !== 'amount' && problem.field !== 'memo' && (
            <Text size="sm" c="var(--bad)" role="alert">
              {say(problem)}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={fetching}>
              {t('grant')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
