import { Button, Checkbox, Group, MultiSelect, NativeSelect, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { CreateTokenDocument, type CreateTokenMutation, type SpendLimitPeriod, TokenModelsDocument, type TokenScope } from '../../graphql/graphql.ts';
import { Dialog } from '../../shared/ui/dialog.tsx';
import { type Problem, problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { isAdmin, useViewer } from '../../shared/viewer.tsx';
import { emptyForm, faultsOf, fieldOf, type FormFaults, type FormField, inputOf, type TokenForm } from './token-form.ts';
import { useWords } from './words.ts';

export type Made = CreateTokenMutation['createApiToken'];

interface CreateProps {
  readonly close: () => void;
  readonly made: (made: Made) => void;
}

const periods: readonly (SpendLimitPeriod | '')[] = ['', 'DAY', 'WEEK', 'MONTH'];
const isPeriod = (value: string): value is SpendLimitPeriod | '' => periods.some((period) => period === value);
const scopes: readonly TokenScope[] = ['COMPLETIONS', 'READ', 'RESOURCES', 'ADMIN'];

/** What is needed to make a token; made gets it with its secret. */
export function CreateToken({ close, made }: CreateProps) {
  const t = useWords();
  return (
    <Dialog close={close} title={t('create')}>
      <Form close={close} made={made} />
    </Dialog>
  );
}

function useCreation(made: (made: Made) => void) {
  const confirmed = useConfirmed();
  const [{ fetching }, create] = useMutation(CreateTokenDocument);
  const [faults, setFaults] = useState<FormFaults>({});
  const [problem, setProblem] = useState<Problem>();
  const send = async (form: TokenForm) => {
    const found = faultsOf(form);
    setFaults(found);
    setProblem(undefined);
    if (Object.keys(found).length > 0) {
      return;
    }
    const { data, error } = await confirmed(() => create({ input: inputOf(form) }));
    if (error !== undefined) {
      setProblem(problemOf(error));
    } else if (data != null) {
      made(data.createApiToken);
    }
  };
  return { fetching, faults, problem, send };
}

function Form({ close, made }: CreateProps) {
  const t = useWords();
  const say = useSayProblem();
  const [form, setForm] = useState(emptyForm);
  const { fetching, faults, problem, send } = useCreation(made);
  const set = (change: Partial<TokenForm>) => setForm((now) => ({ ...now, ...change }));
  const at = fieldOf(problem?.field);
  const error = (field: FormField) => {
    const fault = faults[field];
    return fault === undefined ? problem !== undefined && at === field && say(problem) : t(fault);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send(form);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t('name')}
          description={t('nameHint')}
          required
          data-autofocus
          maxLength={100}
          autoComplete="off"
          value={form.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={error('name')}
        />
        <Models value={form.models} set={(models) => set({ models })} error={error('models')} />
        <Budget form={form} set={set} limitError={error('spendLimit')} periodError={error('spendLimitPeriod')} />
        <Scopes value={form.scopes} set={(chosen) => set({ scopes: chosen })} error={error('scopes')} />
        <TagsInput
          label={t('networks')}
          description={t('networksHint')}
          value={[...form.networks]}
          onChange={(networks) => set({ networks })}
          splitChars={[',', ' ']}
          acceptValueOnBlur
          error={error('networks')}
        />
        <TextInput
          type="date"
          label={t('lastDay')}
          description={t('lastDayHint')}
          value={form.lastDay}
          onChange={(event) => set({ lastDay: event.currentTarget.value })}
          error={error('lastDay')}
        />
        {problem !== undefined && at === undefined && (
          <Text size="sm" c="var(--bad)" role="alert">
            {say(problem)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('cancel')}
          </Button>
          <Button type="submit" loading={fetching}>
            {t('make')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Models({ value, set, error }: { readonly value: readonly string[]; readonly set: (models: string[]) => void; readonly error: string | false }) {
  const t = useWords();
  const [{ data }] = useQuery({ query: TokenModelsDocument, requestPolicy: 'cache-first' });
  const names = [...new Set([...(data?.models ?? []).map(({ name }) => name), ...value])].toSorted();
  return (
    <MultiSelect
      label={t('models')}
      description={t('modelsHint')}
      placeholder={value.length === 0 ? t('modelsMore') : ''}
      data={names}
      value={[...value]}
      onChange={set}
      searchable
      limit={50}
      hidePickedOptions
      error={error}
    />
  );
}

interface BudgetProps {
  readonly form: TokenForm;
  readonly set: (change: Partial<TokenForm>) => void;
  readonly limitError: string | false;
  readonly periodError: string | false;
}

function Budget({ form, set, limitError, periodError }: BudgetProps) {
  const t = useWords();
  return (
    <Group grow align="flex-start" preventGrowOverflow={false}>
      <TextInput
        label={t('limit')}
        description={t('limitHint')}
        inputMode="decimal"
        autoComplete="off"
        miw={200}
        value={form.spendLimit}
        onChange={(event) => set({ spendLimit: event.currentTarget.value })}
        error={limitError}
      />
      <NativeSelect
        label={t('period')}
        miw={200}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        value={form.spendLimitPeriod}
        onChange={(event) => isPeriod(event.currentTarget.value) && set({ spendLimitPeriod: event.currentTarget.value })}
        data={[
          { value: '', label: t('once') },
          { value: 'DAY', label: t('perDay') },
          { value: 'WEEK', label: t('perWeek') },
          { value: 'MONTH', label: t('perMonth') },
        ]}
        error={periodError}
      />
    </Group>
  );
}

function Scopes({ value, set, error }: { readonly value: readonly TokenScope[]; readonly set: (scopes: TokenScope[]) => void; readonly error: string | false }) {
  const t = useWords();
  const viewer = useViewer();
  const offered = scopes.filter((scope) => scope !== 'ADMIN' || isAdmin(viewer));
  return (
    <Checkbox.Group label={t('scopes')} description={t('scopesHint')} value={[...value]} onChange={(chosen) => set(scopes.filter((scope) => chosen.includes(scope)))} error={error}>
      <Stack gap={6} mt="xs">
        {offered.map((scope) => (
          <Checkbox key={scope} value={scope} label={t(scope)} description={t(`${scope}Hint`)} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
