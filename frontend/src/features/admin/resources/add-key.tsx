import { Button, Checkbox, Group, PasswordInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { AddPlatformKeyDocument } from '../../../graphql/graphql.ts';
import { type Problem, problemOf, useSayProblem } from '../../../shared/problem.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { useCommonWords } from '../lists/words.ts';
import { blank, type Draft, faultsOf, inputOf, type Provider } from './draft.ts';
import { useResourcesWords } from './words.ts';

/** Brings a key of the platform's own to the pool. */
export function AddKey({ providers, added }: { readonly providers: readonly Provider[]; readonly added: (id: string) => void }) {
  const t = useResourcesWords();
  const common = useCommonWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ fetching }, add] = useMutation(AddPlatformKeyDocument);
  const [draft, setDraft] = useState<Draft>(blank);
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  // A form that was changed is another act; the same one sent twice adds one key.
  const [attempt, setAttempt] = useState(() => crypto.randomUUID());
  const faults = faultsOf(draft, providers);
  const custom = providers.find(({ key }) => key === draft.provider)?.customBaseUrl === true;
  const type = (change: Partial<Draft>) => {
    setDraft({ ...draft, ...change });
    setProblem(undefined);
    setAttempt(crypto.randomUUID());
  };
  const errorOf = (name: keyof Draft) => {
    const fault = faults[name];
    return tried && fault !== undefined ? t(fault) : fieldOf(problem) === name && problem !== undefined ? say(problem) : undefined;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faults).length > 0) {
      return;
    }
    const { data, error } = await confirmed(() => add({ input: inputOf(draft, providers, attempt), reason: reason.trim() === '' ? null : reason.trim() }));
    setProblem(error === undefined ? undefined : problemOf(error));
    if (data !== undefined && error === undefined) {
      added(data.addPlatformResource.id);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate autoComplete="off">
      <Stack>
        <Text size="sm">{t('addTold')}</Text>
        <Select
          label={t('provider')}
          data={providers.map(({ key, name }) => ({ value: key, label: name }))}
          value={draft.provider === '' ? null : draft.provider}
          onChange={(provider) => type({ provider: provider ?? '' })}
          searchable
          error={errorOf('provider')}
        />
        {custom && <TextInput label={t('baseUrl')} description={t('baseUrlTold')} type="url" value={draft.baseUrl} onChange={(event) => type({ baseUrl: event.currentTarget.value })} error={errorOf('baseUrl')} />}
        <PasswordInput label={t('apiKey')} description={t('apiKeyTold')} autoComplete="off" value={draft.apiKey} onChange={(event) => type({ apiKey: event.currentTarget.value })} error={errorOf('apiKey')} />
        <TextInput label={t('quota')} inputMode="decimal" value={draft.quota} onChange={(event) => type({ quota: event.currentTarget.value })} error={errorOf('quota')} />
        <TextInput label={t('label')} maxLength={80} value={draft.label} onChange={(event) => type({ label: event.currentTarget.value })} error={errorOf('label')} />
        <TextInput label={t('expires')} description={t('expiresTold')} type="date" value={draft.expires} onChange={(event) => type({ expires: event.currentTarget.value })} error={errorOf('expires')} />
        <Checkbox label={t('asBackup')} description={t('backupTold')} checked={draft.backup} onChange={(event) => type({ backup: event.currentTarget.checked })} />
        <TextInput label={common('reason')} description={common('reasonTold')} maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        {problem !== undefined && fieldOf(problem) === undefined && (
          <Text size="sm" c="var(--bad)" role="alert">
            {say(problem)}
          </Text>
        )}
        <Group justify="flex-end">
          <Text size="sm" component="output">
            {fetching && t('adding')}
          </Text>
          <Button type="submit" loading={fetching}>
            {t('add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The field that a problem is about. */
function fieldOf(problem: Problem | undefined): keyof Draft | undefined {
  const fields: Readonly<Record<string, keyof Draft>> = {
    'input.provider': 'provider', 'input.apiKey': 'apiKey', 'input.quota': 'quota', 'input.label': 'label', 'input.baseUrl': 'baseUrl', 'input.expiresAt': 'expires',
  };
  const codes: Readonly<Record<string, keyof Draft>> = { KEY_REJECTED: 'apiKey', KEY_ALREADY_DEPOSITED: 'apiKey', DECLARED_QUOTA_TOO_HIGH: 'quota' };
  return problem === undefined ? undefined : (fields[problem.field ?? ''] ?? codes[problem.code]);
}
