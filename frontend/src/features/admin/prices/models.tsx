import { Select, Stack, Switch } from '@mantine/core';
import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { PricedModelFragment, PricesQuery } from '../../../graphql/graphql.ts';
import { Credits, Dollars } from '../../../shared/ui/money.tsx';
import { Empty } from '../../../shared/ui/states.tsx';
import classes from '../lists/common.module.css';
import { type Column, EndlessTable } from '../lists/rows-table.tsx';
import type { Change } from '../lists/search.ts';
import { SearchField } from '../lists/search-field.tsx';
import { StateWord } from '../lists/state-word.tsx';
import { useCommonWords } from '../lists/words.ts';
import { margin, narrow } from './margin.ts';
import type { PricesSearch } from './search.ts';
import { usePricesWords } from './words.ts';

interface ModelsProps {
  readonly models: readonly PricedModelFragment[];
  readonly providers: PricesQuery['providers'];
  readonly search: PricesSearch;
  readonly change: Change<PricesSearch>;
}

const step = 100;

/** The price list, a screenful at a time. */
export function Models({ models, providers, search, change }: ModelsProps) {
  const t = usePricesWords();
  const common = useCommonWords();
  const found = useMemo(() => narrow(models, search), [models, search]);
  const [most, setMost] = useState(step);
  const name = (key: string) => providers.find((provider) => provider.key === key)?.name ?? key;
  const used = useMemo(() => [...new Set(models.map(({ provider }) => provider))].toSorted(), [models]);
  return (
    <Stack>
      <search className={classes.filters} aria-label={common('filters')}>
        <SearchField label={t('search')} value={search.search} change={(text) => change({ search: text })} />
        <Select
          aria-label={t('provider')}
          placeholder={t('provider')}
          data={used.map((key) => ({ value: key, label: name(key) }))}
          value={search.provider ?? null}
          onChange={(provider) => change({ provider: provider ?? undefined })}
          searchable
          clearable
        />
        <Switch
          label={t('availableOnly')}
          checked={search.available === 'yes'}
          onChange={(event) => change({ available: event.currentTarget.checked ? 'yes' : undefined })}
          mt={8}
          maw="none"
        />
      </search>
      <EndlessTable
        label={t('title')}
        columns={columnsOf(t, name)}
        open={({ id }) => change({ row: id })}
        list={{
          rows: found.slice(0, most),
          total: found.length,
          error: undefined,
          hasMore: found.length > most,
          fetching: false,
          more: () => setMost((before) => before + step),
          again: () => {},
        }}
        empty={<Empty title={t('empty')}>{t('emptyTold')}</Empty>}
      />
    </Stack>
  );
}

function columnsOf(t: ReturnType<typeof usePricesWords>, name: (key: string) => string): readonly Column<PricedModelFragment>[] {
  return [
    { title: t('model'), cell: (row) => <span title={row.name}>{row.name}</span> },
    { title: t('provider'), cell: (row) => name(row.provider) },
    { title: t('inputCost'), cell: (row) => <Dollars amount={row.inputCostPerMillion} />, amount: true },
    { title: t('outputCost'), cell: (row) => <Dollars amount={row.outputCostPerMillion} />, amount: true },
    { title: t('inputPrice'), cell: (row) => <Credits amount={row.inputPricePerMillion} />, amount: true },
    { title: t('outputPrice'), cell: (row) => <Credits amount={row.outputPricePerMillion} />, amount: true },
    { title: t('outputMargin'), cell: (row) => <Credits amount={margin(row.outputPricePerMillion, row.outputCostPerMillion) ?? '0'} signed />, amount: true },
    {
      title: t('available'),
      cell: (row) => (
        <StateWord icon={row.available ? IconCircleCheck : IconCircleDashed} color={row.available ? 'good' : 'over'}>
          {t(row.available ? 'served' : 'notServed')}
        </StateWord>
      ),
    },
  ];
}
