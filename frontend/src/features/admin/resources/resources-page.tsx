import { Button, Select } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery, useSubscription } from 'urql';
import { type AdminKeyFragment, AdminKeyChangedDocument, AdminKeyProvidersDocument, AdminKeysDocument, type PoolResourceOrderField } from '../../../graphql/graphql.ts';
import { Dollars } from '../../../shared/ui/money.tsx';
import { Page } from '../../../shared/ui/page.tsx';
import { Empty } from '../../../shared/ui/states.tsx';
import { When } from '../../../shared/ui/when.tsx';
import classes from '../lists/common.module.css';
import { count, percent } from '../lists/count.ts';
import { useEndless } from '../lists/endless.ts';
import { PersonField } from '../lists/person-field.tsx';
import { type Column, EndlessTable } from '../lists/rows-table.tsx';
import { type Change, oneOf } from '../lists/search.ts';
import { SideDrawer } from '../lists/side-drawer.tsx';
import { KeyStatus } from '../lists/state-word.tsx';
import { useCommonWords } from '../lists/words.ts';
import { AddKey } from './add-key.tsx';
import { KeyDrawer } from './key-drawer.tsx';
import { filterOf, type ResourcesSearch, statuses } from './search.ts';
import { useResourcesWords } from './words.ts';

interface ResourcesPageProps {
  readonly search: ResourcesSearch;
  readonly change: Change<ResourcesSearch>;
}

/** Every key in the pool. */
export function ResourcesPage({ search, change }: ResourcesPageProps) {
  const t = useResourcesWords();
  const common = useCommonWords();
  const { order: field = 'CREATED_AT', direction = 'DESC' } = search;
  const list = useEndless(
    AdminKeysDocument,
    (after) => ({ first: 50, after, filter: filterOf(search), orderBy: { field, direction } }),
    (data) => data.resources,
  );
  // The cache knows keys by their ids: what comes here changes the rows.
  useSubscription({ query: AdminKeyChangedDocument });
  const [{ data: providers }] = useQuery({ query: AdminKeyProvidersDocument, requestPolicy: 'cache-first' });
  const name = (key: string) => providers?.providers.find((provider) => provider.key === key)?.name ?? key;
  const narrowed = Object.keys(filterOf(search)).length > 0;
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ row: 'new' })}>
          {t('add')}
        </Button>
      }
    >
      <Filters search={search} change={change} providers={providers?.providers ?? []} ownerName={list.rows?.find(({ owner }) => owner?.id === search.person)?.owner?.displayName} />
      <EndlessTable
        label={t('title')}
        list={list}
        columns={columnsOf(t, common('platform'), name)}
        order={{ field, direction, change: (order, next) => change({ order, direction: next }) }}
        open={({ id }) => change({ row: id })}
        empty={<Empty title={narrowed ? common('noMatch') : t('empty')}>{narrowed ? common('noMatchTold') : t('emptyTold')}</Empty>}
      />
      <SideDrawer opened={search.row === 'new'} title={t('add')} close={() => change({ row: undefined })}>
        <AddKey
          providers={providers?.providers ?? []}
          added={(row) => {
            list.again();
            change({ row });
          }}
        />
      </SideDrawer>
      <KeyDrawer id={search.row === 'new' ? undefined : search.row} close={() => change({ row: undefined })} />
    </Page>
  );
}

function KeyName({ row: { label, maskedKey, backup } }: { readonly row: AdminKeyFragment }) {
  const t = useResourcesWords();
  return (
    <span title={`${label} ${maskedKey}`}>
      {label === '' ? maskedKey : label}
      {label !== '' && <span className={classes.soft}> {maskedKey}</span>}
      {backup && <span className={classes.soft}> · {t('backup')}</span>}
    </span>
  );
}

interface FiltersProps extends ResourcesPageProps {
  readonly providers: readonly { readonly key: string; readonly name: string }[];
  readonly ownerName: string | undefined;
}

function Filters({ search, change, providers, ownerName }: FiltersProps) {
  const t = useResourcesWords();
  const common = useCommonWords();
  return (
    <search className={classes.filters} aria-label={common('filters')}>
      <Select
        aria-label={t('status')}
        placeholder={t('status')}
        data={statuses.map((status) => ({ value: status, label: common(status) }))}
        value={search.status ?? null}
        onChange={(status) => change({ status: oneOf(status, statuses) })}
        clearable
      />
      <Select
        aria-label={t('provider')}
        placeholder={t('provider')}
        data={providers.map(({ key, name }) => ({ value: key, label: name }))}
        value={search.provider ?? null}
        onChange={(provider) => change({ provider: provider ?? undefined })}
        searchable
        clearable
      />
      <Select
        aria-label={t('ownerType')}
        placeholder={t('ownerType')}
        data={(['USER', 'PLATFORM'] as const).map((owner) => ({ value: owner, label: t(owner) }))}
        value={search.owner ?? null}
        onChange={(owner) => change({ owner: oneOf(owner, ['USER', 'PLATFORM']) })}
        clearable
      />
      <PersonField label={t('owner')} placeholder={t('person')} person={search.person} name={ownerName} change={(person) => change({ person })} hint={t('typeMore')} nobody={t('nobody')} />
      {Object.keys(filterOf(search)).length > 0 && (
        <Button variant="subtle" onClick={() => change({ status: undefined, provider: undefined, owner: undefined, person: undefined })}>
          {common('clear')}
        </Button>
      )}
    </search>
  );
}

function columnsOf(t: ReturnType<typeof useResourcesWords>, platform: string, name: (key: string) => string): readonly Column<AdminKeyFragment, PoolResourceOrderField>[] {
  return [
    { title: t('key'), cell: (row) => <KeyName row={row} /> },
    { title: t('status'), cell: ({ status }) => <KeyStatus status={status} /> },
    { title: t('provider'), cell: ({ provider }) => name(provider) },
    { title: t('owner'), cell: ({ owner }) => <span title={owner?.displayName}>{owner?.displayName ?? platform}</span> },
    { title: t('left'), cell: ({ currentQuota }) => <Dollars amount={currentQuota} places={2} />, amount: true, order: 'CURRENT_QUOTA' },
    { title: t('of'), cell: ({ originalQuota }) => <Dollars amount={originalQuota} places={2} />, amount: true, order: 'ORIGINAL_QUOTA' },
    { title: t('requests'), cell: ({ totalRequests }) => count(totalRequests), amount: true },
    { title: t('success'), cell: ({ successRate, totalRequests }) => (totalRequests === '0' ? '—' : percent(successRate)), amount: true },
    { title: t('lastUsed'), cell: ({ lastUsedAt }) => (lastUsedAt === null ? t('neverUsed') : <When at={lastUsedAt} distance />), order: 'LAST_USED_AT' },
    { title: t('expires'), cell: ({ expiresAt }) => (expiresAt === null ? t('noExpiry') : <When at={expiresAt} distance />), order: 'EXPIRES_AT' },
  ];
}
