import { Tabs } from '@mantine/core';
import { Page } from '../../shared/ui/page.tsx';
import type { Change } from './filter-bar.tsx';
import { RequestDrawer } from './request-drawer.tsx';
import { Requests } from './requests.tsx';
import type { UsageSearch } from './search.ts';
import { Statement } from './statement.tsx';
import { useUsageWords } from './words.ts';

/** What the viewer asked for, and what came of it in their wallet. */
export function UsagePage({ search, change }: { readonly search: UsageSearch; readonly change: Change }) {
  const t = useUsageWords();
  return (
    <Page title={t('title')}>
      <Tabs value={search.tab ?? 'requests'} onChange={(tab) => change({ tab: tab === 'statement' ? tab : undefined })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="requests">{t('requests')}</Tabs.Tab>
          <Tabs.Tab value="statement">{t('statement')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="requests">
          <Requests search={search} change={change} />
        </Tabs.Panel>
        <Tabs.Panel value="statement">
          <Statement />
        </Tabs.Panel>
      </Tabs>
      <RequestDrawer id={search.request} close={() => change({ request: undefined })} />
    </Page>
  );
}
