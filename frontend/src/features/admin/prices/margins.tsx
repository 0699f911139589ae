import { Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Credits } from '../../../shared/ui/money.tsx';
import type { PricedModelFragment, PricesQuery } from '../../../graphql/graphql.ts';
import { type Column, RowsTable } from '../lists/rows-table.tsx';
import { type Draft, margin, marginShare } from './margin.ts';
import { usePricesWords } from './words.ts';

interface MarginsProps {
  readonly draft: Draft;
  readonly models: readonly PricedModelFragment[];
  readonly providers: PricesQuery['providers'];
}

/** What the typed prices leave at every provider of the model. */
export function Margins({ draft, models, providers }: MarginsProps) {
  const t = usePricesWords();
  const others = models.filter(({ name, provider }) => name === draft.model.trim() && provider !== draft.provider);
  const rows = [
    { id: draft.provider, input: draft.inputCost, output: draft.outputCost },
    ...others.map(({ provider, inputCostPerMillion, outputCostPerMillion }) => ({ id: provider, input: inputCostPerMillion, output: outputCostPerMillion })),
  ].flatMap(({ id, input, output }) => {
    const [inputMargin, outputMargin] = [margin(draft.inputPrice, input), margin(draft.outputPrice, output)];
    return inputMargin === undefined || outputMargin === undefined ? [] : [{ id, inputMargin, outputMargin, inputShare: marginShare(draft.inputPrice.trim(), input.trim()), outputShare: marginShare(draft.outputPrice.trim(), output.trim()) }];
  });
  if (rows.length === 0) {
    return null;
  }
  const loss = rows.some(({ inputMargin, outputMargin }) => inputMargin.startsWith('-') || outputMargin.startsWith('-'));
  return (
    <Stack gap="xs" aria-live="polite">
      <Text fw={600}>{t('marginTitle')}</Text>
      <RowsTable
        label={t('marginTitle')}
        rows={rows}
        columns={columnsOf(t, (id) => providers.find(({ key }) => key === id)?.name ?? (id === '' ? '…' : id))}
      />
      {loss && (
        <Group gap={6} wrap="nowrap" c="var(--warn)">
          <IconAlertTriangle size={16} aria-hidden />
          <Text size="sm">{t('loss')}</Text>
        </Group>
      )}
      <Text size="sm" c="dimmed">
        {t('marginTold')}
      </Text>
    </Stack>
  );
}

interface Row {
  readonly id: string;
  readonly inputMargin: string;
  readonly outputMargin: string;
  readonly inputShare: string | undefined;
  readonly outputShare: string | undefined;
}

const columnsOf = (t: ReturnType<typeof usePricesWords>, name: (id: string) => string): readonly Column<Row>[] => [
  { title: t('provider'), cell: ({ id }) => name(id) },
  { title: t('inputMargin'), cell: ({ inputMargin, inputShare }) => <Margin amount={inputMargin} share={inputShare} />, amount: true },
  { title: t('outputMargin'), cell: ({ outputMargin, outputShare }) => <Margin amount={outputMargin} share={outputShare} />, amount: true },
];

function Margin({ amount, share }: { readonly amount: string; readonly share: string | undefined }) {
  return (
    <>
      <Credits amount={amount} places={9} signed />
      {share !== undefined && <span className="unit"> · {share}</span>}
    </>
  );
}
