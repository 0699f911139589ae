import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { memo, useEffect, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { LedgerModelsDocument, LedgerPeopleDocument } from '../../graphql/graphql.ts';
import { formatUnits, parseAmount } from '../../shared/money.ts';
import { kinds, type LedgerChange, type LedgerSearch } from './filters.ts';
import classes from './ledger.module.css';
import { useLedgerWords } from './words.ts';

interface FilterBarProps {
  readonly search: LedgerSearch;
  readonly change: (change: LedgerChange) => void;
  readonly personName: string | undefined;
}

/** What is looked at: the address holds it. */
export const FilterBar = memo(Bar);

function Bar({ search, change, personName }: FilterBarProps) {
  const t = useLedgerWords();
  const narrowed = search.kind !== undefined || search.person !== undefined || search.model !== undefined || search.least !== undefined;
  return (
    <search className={classes.filters} aria-label={t('filters')}>
      <Select
        aria-label={t('kind')}
        placeholder={t('anyKind')}
        data={kinds.map((kind) => ({ value: kind, label: t(kind) }))}
        value={search.kind ?? null}
        onChange={(kind) => change({ kind: kinds.find((one) => one === kind) })}
        clearable
        size="sm"
      />
      <PersonFilter person={search.person} name={personName} change={(person) => change({ person })} />
      <ModelFilter model={search.model} change={(model) => change({ model })} />
      <LeastFilter key={search.least ?? ''} least={search.least} change={(least) => change({ least })} />
      {narrowed && (
        <Button variant="subtle" size="sm" onClick={() => change({ kind: undefined, person: undefined, model: undefined, least: undefined })}>
          {t('clear')}
        </Button>
      )}
    </search>
  );
}

function PersonFilter({ person, name, change }: { readonly person: string | undefined; readonly name: string | undefined; readonly change: (person: string | undefined) => void }) {
  const t = useLedgerWords();
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), 200);
  const enough = search.length >= 3 && search !== name;
  const [{ data }] = useQuery({ query: LedgerPeopleDocument, variables: { search }, pause: !enough });
  const found = enough ? (data?.users.edges ?? []).map(({ node }) => ({ value: node.id, label: node.displayName, email: node.email })) : [];
  const chosen = person === undefined || found.some(({ value }) => value === person) ? [] : [{ value: person, label: name ?? person, email: null }];
  return (
    <Select
      aria-label={t('person')}
      placeholder={t('anyPerson')}
      data={[...chosen, ...found]}
      filter={({ options }) => options}
      renderOption={({ option }) => (
        <span>
          {option.label}{' '}
          <span style={{ color: 'var(--ink-soft)', fontSize: '0.75rem' }}>{found.find(({ value }) => value === option.value)?.email}</span>
        </span>
      )}
      value={person ?? null}
      onChange={(value) => change(value ?? undefined)}
      searchable
      clearable
      onSearchChange={setText}
      nothingFoundMessage={t(enough ? 'nobody' : 'personHint')}
      size="sm"
    />
  );
}

function ModelFilter({ model, change }: { readonly model: string | undefined; readonly change: (model: string | undefined) => void }) {
  const t = useLedgerWords();
  const [{ data }] = useQuery({ query: LedgerModelsDocument, requestPolicy: 'cache-first' });
  const models = useMemo(() => [...new Set([...(model === undefined ? [] : [model]), ...(data?.models ?? []).map(({ name }) => name)])].toSorted(), [data, model]);
  return (
    <Select
      aria-label={t('model')}
      placeholder={t('anyModel')}
      data={models}
      value={model ?? null}
      onChange={(value) => change(value ?? undefined)}
      searchable
      clearable
      limit={60}
      nothingFoundMessage={t('noModel')}
      size="sm"
    />
  );
}

function LeastFilter({ least, change }: { readonly least: string | undefined; readonly change: (least: string | undefined) => void }) {
  const t = useLedgerWords();
  const [text, setText] = useState(least ?? '');
  const [settled] = useDebouncedValue(text, 400);
  const units = text.trim() === '' ? 0n : parseAmount(text);
  useEffect(() => {
    const typed = settled.trim() === '' ? 0n : parseAmount(settled);
    if (typed === undefined || typed < 0n) {
      return;
    }
    const next = typed === 0n ? undefined : formatUnits(typed);
    if (next !== least) {
      change(next);
    }
    // Only what was typed acts: the address is what it changes.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [settled]);
  return (
    <TextInput
      aria-label={t('least')}
      placeholder={`≥ ${t('least')}`}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      error={units === undefined || units < 0n ? t('leastBad') : undefined}
      inputMode="decimal"
      size="sm"
    />
  );
}
