import { Button, Checkbox, Paper, Stack, Text } from '@mantine/core';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { type CombinedError, useMutation } from 'urql';
import { DepositDocument, type DepositFormQuery, type DepositInput, type DepositMutation } from '../../graphql/graphql.ts';
import { problemOf } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { type Draft, Fields } from './fields.tsx';
import { Refusal } from './refusal.tsx';
import { expiresAt, newId, readQuota } from './rules.ts';
import { TermsText } from './terms-text.tsx';
import { useDepositWords } from './words.ts';

interface FormProps {
  readonly providers: DepositFormQuery['providers'];
  readonly terms: DepositFormQuery['depositTerms'];
  readonly draft: Draft;
  readonly edit: (change: Partial<Draft>) => void;
  readonly frozen: boolean;
  /** What it brings, said beside the button where the rest of it is out of sight. */
  readonly summary: ReactNode;
  /** Told the id of each attempt as it begins. */
  readonly begin: (progressId: string) => void;
  readonly end: (deposit: DepositMutation['deposit'] | undefined) => void;
}

/** The messages of the server about arguments, by their names. */
function faultsOf(error: CombinedError | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((error?.graphQLErrors ?? []).map(({ message, extensions }) => [String(extensions['field'] ?? '').replace(/^input\./u, ''), message]));
}

/** Takes the key and what it is good for. */
export function DepositForm({ providers, terms, draft, edit, frozen, summary, begin, end }: FormProps) {
  const t = useDepositWords();
  const confirmed = useConfirmed();
  const key = useRef<HTMLInputElement>(null);
  // One name for one deposit: what is sent again because no answer came is not booked twice.
  const attempt = useRef<string>(undefined);
  const [missing, setMissing] = useState<ReadonlySet<string>>(new Set());
  const [{ fetching, error }, deposit] = useMutation(DepositDocument);
  const [hidden, setHidden] = useState(false);
  const shown = hidden ? undefined : error;
  const faults = faultsOf(shown);
  const provider = providers.find((one) => one.key === draft.provider);
  const change = (next: Partial<Draft>, ...fields: readonly string[]) => {
    attempt.current = undefined;
    setMissing((all) => new Set([...all].filter((field) => !fields.includes(field))));
    edit(next);
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const apiKey = key.current?.value.trim() ?? '';
    const quota = readQuota(draft.quota);
    const ends = expiresAt(draft.expiry, draft.date, new Date());
    const lacks = { apiKey: apiKey === '', quota: quota === undefined, expiresAt: ends === undefined, agreed: !draft.agreed };
    setMissing(new Set(Object.entries(lacks).flatMap(([field, lack]) => (lack ? [field] : []))));
    if (quota === undefined || Object.values(lacks).some(Boolean)) {
      setHidden(true);
      return;
    }
    setHidden(false);
    attempt.current ??= newId();
    const progressId = newId();
    begin(progressId);
    const label = draft.label.trim();
    const input: DepositInput = {
      provider: draft.provider, apiKey, quota, label: label === '' ? null : label, expiresAt: ends ?? null, acceptedTerms: terms.version, progressId, idempotencyKey: attempt.current,
    };
    const answer = await confirmed(() => deposit({ input }));
    if (answer.data == null) {
      if (answer.error !== undefined && problemOf(answer.error).code !== 'OFFLINE') {
        attempt.current = undefined;
      }
      end(undefined);
      return;
    }
    if (key.current !== null) {
      key.current.value = '';
    }
    end(answer.data.deposit);
  };
  const declare = (quota: string) => {
    setHidden(true);
    change({ quota }, 'quota');
  };

  return (
    <Paper withBorder p="md" component="section" aria-label={t('form')}>
      <form onSubmit={(event) => void submit(event)} autoComplete="off" noValidate>
        <Stack>
          <Fields keyField={key} providers={providers} draft={draft} missing={missing} faults={faults} change={change} />
          <div>
            <Text size="sm" fw={500} mb={4}>
              {t('terms')}
            </Text>
            <TermsText text={terms.text} label={t('terms')} />
          </div>
          <Checkbox
            label={t('agree', { version: terms.version })}
            checked={draft.agreed}
            onChange={(event) => change({ agreed: event.currentTarget.checked }, 'agreed')}
            error={missing.has('agreed') ? t('agreeMissing') : undefined}
          />
          {shown !== undefined && !fetching && (
            <Refusal problem={problemOf(shown)} provider={provider?.name ?? draft.provider} declare={declare} />
          )}
          {frozen && (
            <Text size="sm" c="var(--warn)">
              {t('frozen')}
            </Text>
          )}
          {summary}
          <Button type="submit" loading={fetching} disabled={frozen}>
            {t('submit')}
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}
