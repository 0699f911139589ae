import { Button, Group, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useMemo, useState } from 'react';
import { useMutation } from 'urql';
import { type PricedModelFragment, type PricesQuery, RemoveModelAliasDocument, SetModelAliasDocument } from '../../../graphql/graphql.ts';
import { type Problem, problemOf, useSayProblem } from '../../../shared/problem.ts';
import { Empty } from '../../../shared/ui/states.tsx';
import { ActDialog } from '../lists/act-dialog.tsx';
import { type Column, RowsTable } from '../lists/rows-table.tsx';
import { useCommonWords } from '../lists/words.ts';
import { usePricesWords } from './words.ts';

interface AliasesProps {
  readonly aliases: PricesQuery['modelAliases'];
  readonly models: readonly PricedModelFragment[];
  readonly refresh: () => void;
}

/** The further names of models. */
export function Aliases({ aliases, models, refresh }: AliasesProps) {
  const t = usePricesWords();
  const [, remove] = useMutation(RemoveModelAliasDocument);
  const [removing, setRemoving] = useState<string>();
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('aliasesTold')}
      </Text>
      <AddAlias models={models} refresh={refresh} />
      {aliases.length === 0 ? (
        <Empty title={t('noAliases')}>{t('noAliasesTold')}</Empty>
      ) : (
        <RowsTable
          label={t('aliases')}
          rows={aliases.map((alias) => ({ ...alias, id: alias.name }))}
          columns={columnsOf(t, setRemoving)}
        />
      )}
      {removing !== undefined && (
        <ActDialog
          title={t('removeTitle', { name: removing })}
          told={t('removeTold', { name: removing })}
          word={t('remove')}
          danger
          act={async (reason) => {
            const answer = await remove({ name: removing, reason: reason === '' ? null : reason });
            refresh();
            return answer;
          }}
          close={() => setRemoving(undefined)}
        />
      )}
    </Stack>
  );
}

const columnsOf = (t: ReturnType<typeof usePricesWords>, remove: (name: string) => void): readonly Column<{ readonly id: string; readonly model: string }>[] => [
  { title: t('alias'), cell: ({ id }) => <strong>{id}</strong> },
  { title: t('standsFor'), cell: ({ model }) => model },
  {
    title: t('remove'),
    cell: ({ id }) => (
      <Button variant="subtle" color="red" size="compact-sm" onClick={() => remove(id)} aria-label={`${t('remove')} ${id}`}>
        {t('remove')}
      </Button>
    ),
    amount: true,
  },
];

function AddAlias({ models, refresh }: Pick<AliasesProps, 'models' | 'refresh'>) {
  const t = usePricesWords();
  const common = useCommonWords();
  const say = useSayProblem();
  const [{ fetching }, set] = useMutation(SetModelAliasDocument);
  const [name, setName] = useState('');
  const [model, setModel] = useState<string | null>(null);
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const names = useMemo(() => [...new Set(models.map((each) => each.name))].toSorted(), [models]);
  const taken = names.includes(name.trim());
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (name.trim() === '' || model === null || taken) {
      return;
    }
    const { error } = await set({ name: name.trim(), model, reason: reason.trim() === '' ? null : reason.trim() });
    setProblem(error === undefined ? undefined : problemOf(error));
    if (error === undefined) {
      setName('');
      setModel(null);
      setReason('');
      setTried(false);
      refresh();
    }
  };
  return (
    <Paper withBorder p="md" component="form" onSubmit={(event) => void submit(event)} noValidate>
      <Group align="flex-start">
        <TextInput label={t('alias')} value={name} onChange={(event) => setName(event.currentTarget.value)} error={taken ? t('onList') : tried && name.trim() === '' && t('needAlias')} flex="1 1 180px" />
        <Select label={t('standsFor')} data={names} value={model} onChange={setModel} searchable limit={60} error={tried && model === null && t('needTarget')} flex="1 1 180px" />
        <TextInput label={common('reason')} maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} flex="1 1 180px" />
        <Button type="submit" loading={fetching} mt={24}>
          {t('addAlias')}
        </Button>
      </Group>
      {problem !== undefined && (
        <Text size="sm" c="var(--bad)" role="alert" mt="xs">
          {say(problem)}
        </Text>
      )}
    </Paper>
  );
}
