import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { LimitKeyDocument } from '../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { Dialog } from '../../shared/ui/dialog.tsx';
import { useToast } from '../../shared/ui/toast.tsx';
import { showCount } from './names.ts';
import type { Key } from './state.ts';
import { useKeysWords } from './words.ts';

const limits = [
  ['maxConcurrency', 10_000],
  ['maxRequestsPerMinute', 1_000_000],
  ['maxTokensPerMinute', 1_000_000_000],
] as const;

type Limit = (typeof limits)[number][0];

/** Reads a limit: null is none, undefined no limit at all. */
function readLimit(typed: string, most: number): number | null | undefined {
  const text = typed.replaceAll(/[\s,]/gu, '');
  if (text === '') {
    return null;
  }
  const limit = Number(text);
  return /^\d+$/u.test(text) && limit >= 1 && limit <= most ? limit : undefined;
}

/** Sets what the pool may do with a key at most. */
export default function LimitsDialog({ of: key, close }: { readonly of: Key; readonly close: () => void }) {
  const t = useKeysWords();
  const say = useSayProblem();
  const toast = useToast();
  const confirmed = useConfirmed();
  const [{ fetching, error }, limit] = useMutation(LimitKeyDocument);
  const [typed, setTyped] = useState<Readonly<Record<Limit, string>>>(() => ({
    maxConcurrency: String(key.maxConcurrency ?? ''),
    maxRequestsPerMinute: String(key.maxRequestsPerMinute ?? ''),
    maxTokensPerMinute: String(key.maxTokensPerMinute ?? ''),
  }));
  const [tried, setTried] = useState(false);
  const read = Object.fromEntries(limits.map(([name, most]) => [name, readLimit(typed[name], most)])) as Record<Limit, number | null | undefined>;
  const wrong = limits.some(([name]) => read[name] === undefined);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrong) {
      return;
    }
    const { data } = await confirmed(() =>
      limit({ id: key.id, maxConcurrency: read.maxConcurrency ?? null, maxRequestsPerMinute: read.maxRequestsPerMinute ?? null, maxTokensPerMinute: read.maxTokensPerMinute ?? null }),
    );
    if (data != null) {
      toast({ text: t('limited_done', { label: key.label }) });
      close();
    }
  };
  return (
    <Dialog title={t('limitTitle', { label: key.label })} close={close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack>
          <Text size="sm" c="dimmed">
            {t('limitWhy')}
          </Text>
          {limits.map(([name, most], index) => (
            <TextInput
              key={name}
              label={t(name)}
              inputMode="numeric"
              {...(index === 0 ? { 'data-autofocus': true } : {})}
              value={typed[name]}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setTyped((all) => ({ ...all, [name]: value }));
              }}
              error={tried && read[name] === undefined ? t('limitBad', { most: showCount(most) }) : undefined}
            />
          ))}
          {error !== undefined && !fetching && (
            <Text size="sm" c="var(--bad)" role="alert">
              {say(problemOf(error))}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={fetching}>
              {t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
