import { Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { type PricedModelFragment, type PricesQuery, SetModelPriceDocument } from '../../../graphql/graphql.ts';
import { type Problem, problemOf, useSayProblem } from '../../../shared/problem.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { count } from '../lists/count.ts';
import { useCommonWords } from '../lists/words.ts';
import { type AmountName, type Draft, draftOf, faultOf, inputOf, sound } from './margin.ts';
import { Margins } from './margins.tsx';
import { usePricesWords } from './words.ts';

interface PriceFormProps {
  readonly model: PricedModelFragment | undefined;
  readonly models: readonly PricedModelFragment[];
  readonly providers: PricesQuery['providers'];
  readonly refresh: () => void;
}

// So that fields beside each other are in a line.
const wrapped = ['label', 'input', 'description', 'error'] as ('label' | 'input' | 'description' | 'error')[];

/** The price of a model, and what it leaves while one types. */
export function PriceForm({ model, models, providers, refresh }: PriceFormProps) {
  const t = usePricesWords();
  const common = useCommonWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [, set] = useMutation(SetModelPriceDocument);
  const [draft, setDraft] = useState<Draft>(() => draftOf(model));
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const [state, setState] = useState<'idle' | 'busy' | 'saved'>('idle');
  const [problem, setProblem] = useState<Problem>();
  const type = (change: Partial<Draft>) => {
    setDraft({ ...draft, ...change });
    setState('idle');
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!sound(draft)) {
      return;
    }
    setState('busy');
    const { error } = await confirmed(() => set({ input: inputOf(draft), reason: reason.trim() === '' ? null : reason.trim() }));
    setProblem(error === undefined ? undefined : problemOf(error));
    setState(error === undefined ? 'saved' : 'idle');
    if (error === undefined) {
      refresh();
    }
  };
  const field = (name: AmountName, description?: string) => {
    const fault = faultOf(draft, name);
    const visible = fault !== undefined && (tried || draft[name] !== '');
    return (
      <TextInput label={t(name)} description={description} value={draft[name]} onChange={(event) => type({ [name]: event.currentTarget.value })} inputMode="decimal" inputWrapperOrder={wrapped} error={visible && common(fault)} />
    );
  };
  const provider = providers.find(({ key }) => key === draft.provider)?.name ?? draft.provider;
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        {model === undefined ? (
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput label={t('model')} value={draft.model} onChange={(event) => type({ model: event.currentTarget.value })} error={tried && draft.model.trim() === '' && t('needModel')} data-autofocus />
            <Select
              label={t('provider')}
              data={providers.map(({ key, name }) => ({ value: key, label: name }))}
              value={draft.provider === '' ? null : draft.provider}
              onChange={(key) => type({ provider: key ?? '' })}
              searchable
              error={tried && draft.provider === '' && t('needProvider')}
            />
          </SimpleGrid>
        ) : (
          <Text size="sm" c="dimmed">
            {provider}
            {model.contextWindow !== null && ` · ${t('context')}: ${t('tokens', { n: count(model.contextWindow) })}`}
          </Text>
        )}
        <Text size="sm">{t('forName')}</Text>
        <Text fw={600}>{t('costs', { provider: provider === '' ? '…' : provider })}</Text>
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          {field('inputCost')}
          {field('cachedInputCost', t('cachedTold'))}
          {field('outputCost')}
        </SimpleGrid>
        <Text fw={600}>{t('prices')}</Text>
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          {field('inputPrice')}
          {field('outputPrice')}
          {field('minimumCharge', t('minimumTold'))}
        </SimpleGrid>
        <Margins draft={draft} models={models} providers={providers} />
        <TextInput label={common('reason')} description={common('reasonTold')} maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        {problem !== undefined && (
          <Text size="sm" c="var(--bad)" role="alert">
            {say(problem)}
          </Text>
        )}
        <Group justify="flex-end">
          <Text size="sm" c="var(--good)" component="output">
            {state === 'saved' && t('saved')}
          </Text>
          <Button type="submit" loading={state === 'busy'}>
            {common('save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
