import { Button, Tabs, Text } from '@mantine/core';
import { IconTag } from '@tabler/icons-react';
import { useQuery } from 'urql';
import { PricesDocument } from '../../../graphql/graphql.ts';
import { Page } from '../../../shared/ui/page.tsx';
import { SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import { count } from '../lists/count.ts';
import type { Change } from '../lists/search.ts';
import { SideDrawer } from '../lists/side-drawer.tsx';
import { useCommonWords } from '../lists/words.ts';
import { Aliases } from './aliases.tsx';
import { Models } from './models.tsx';
import { PriceForm } from './price-form.tsx';
import type { PricesSearch } from './search.ts';
import { usePricesWords } from './words.ts';

/** What is taken and what is charged, by model and provider. */
export function PricesPage({ search, change }: { readonly search: PricesSearch; readonly change: Change<PricesSearch> }) {
  const t = usePricesWords();
  const common = useCommonWords();
  const [{ data, error }, again] = useQuery({ query: PricesDocument });
  const refresh = () => again({ requestPolicy: 'network-only' });
  const opened = data?.models.find(({ id }) => id === search.row);
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        <Button leftSection={<IconTag size={16} aria-hidden />} onClick={() => change({ row: 'new' })}>
          {t('set')}
        </Button>
      }
    >
      {data !== undefined && (
        <Text size="sm" c="dimmed">
          {t('catalogue', { source: data.catalogue.source, date: data.catalogue.date, models: count(data.catalogue.models) })}
        </Text>
      )}
      {error !== undefined && data === undefined && <Trouble error={error} retry={refresh} />}
      {data === undefined && error === undefined && <SkeletonRows rows={12} />}
      {data !== undefined && (
        <Tabs value={search.tab ?? 'models'} onChange={(tab) => change({ tab: tab === 'aliases' ? 'aliases' : undefined })} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="models">{t('models')}</Tabs.Tab>
            <Tabs.Tab value="aliases">
              {t('aliases')} ({data.modelAliases.length})
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="models">
            <Models models={data.models} providers={data.providers} search={search} change={change} />
          </Tabs.Panel>
          <Tabs.Panel value="aliases">
            <Aliases aliases={data.modelAliases} models={data.models} refresh={refresh} />
          </Tabs.Panel>
        </Tabs>
      )}
      <SideDrawer opened={search.row !== undefined} title={opened === undefined ? t('newPrice') : t('priceOf', { model: opened.name })} close={() => change({ row: undefined })}>
        {data !== undefined && (opened !== undefined || search.row === 'new') && (
          <PriceForm key={search.row} model={opened} models={data.models} providers={data.providers} refresh={refresh} />
        )}
        {data !== undefined && opened === undefined && search.row !== 'new' && <Text>{common('missing')}</Text>}
        {data === undefined && <SkeletonRows rows={8} />}
      </SideDrawer>
    </Page>
  );
}
