import { Button, type OptionsFilter, Select, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useQuery } from 'urql';
import { UsageModelsDocument, type UsageModelsQuery } from '../../graphql/graphql.ts';
import { byNearness } from './nearness.ts';
import { narrowed, type UsageSearch } from './search.ts';
import classes from './usage.module.css';
import { useUsageWords } from './words.ts';

/** Changes what the address holds; undefined takes it out. */
export type Change = (change: { readonly [K in keyof UsageSearch]?: UsageSearch[K] | undefined }) => void;

const nearest: OptionsFilter = ({ options, search, limit }) => {
  const names = byNearness(options.flatMap((option) => ('value' in option ? [String(option.value)] : [])), search).slice(0, limit);
  return names.map((value) => ({ value, label: value }));
};

const noModels: UsageModelsQuery['models'] = [];

/** Which requests are looked at: the address holds it. */
export function FilterBar({ search, change, children }: { readonly search: UsageSearch; readonly change: Change; readonly children: ReactNode }) {
  const t = useUsageWords();
  const { status, model, from, to } = search;
  const [{ data }] = useQuery({ query: UsageModelsDocument, requestPolicy: 'cache-first' });
  const models = [...new Set([...(model === undefined ? [] : [model]), ...(data?.models ?? noModels).map(({ name }) => name)])].toSorted();
  return (
    <search className={classes.filters} aria-label={t('filters')}>
      <Select
        label={t('status')}
        placeholder={t('anyStatus')}
        data={(['SUCCEEDED', 'FAILED'] as const).map((value) => ({ value, label: t(value) }))}
        value={status ?? null}
        onChange={(value) => change({ status: value ?? undefined })}
        clearable
        size="sm"
      />
      <Select
        label={t('model')}
        placeholder={t('anyModel')}
        data={models}
        filter={nearest}
        limit={60}
        value={model ?? null}
        onChange={(value) => change({ model: value ?? undefined })}
        searchable
        clearable
        nothingFoundMessage={t('noModel')}
        size="sm"
      />
      <TextInput type="date" label={t('from')} value={from ?? ''} max={to} onChange={({ currentTarget: { value } }) => change({ from: value === '' ? undefined : value })} size="sm" />
      <TextInput type="date" label={t('to')} value={to ?? ''} min={from} onChange={({ currentTarget: { value } }) => change({ to: value === '' ? undefined : value })} size="sm" />
      {narrowed(search) && (
        <Button variant="subtle" size="sm" onClick={() => change({ status: undefined, model: undefined, from: undefined, to: undefined })}>
          {t('clear')}
        </Button>
      )}
      {children}
    </search>
  );
}
