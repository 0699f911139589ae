import { Button, Select, Stack, Tabs } from '@mantine/core';
import { IconUserPlus } from '@tabler/icons-react';
import { type AdminPersonFragment, AdminPeopleDocument, type UserOrderField } from '../../../graphql/graphql.ts';
import { Credits } from '../../../shared/ui/money.tsx';
import { Page } from '../../../shared/ui/page.tsx';
import { Empty } from '../../../shared/ui/states.tsx';
import { When } from '../../../shared/ui/when.tsx';
import classes from '../lists/common.module.css';
import { useEndless } from '../lists/endless.ts';
import { type Column, EndlessTable } from '../lists/rows-table.tsx';
import { type Change, oneOf } from '../lists/search.ts';
import { SearchField } from '../lists/search-field.tsx';
import { SideDrawer } from '../lists/side-drawer.tsx';
import { useCommonWords } from '../lists/words.ts';
import { CustomRoles } from './custom-roles.tsx';
import { Invite } from './invite.tsx';
import { PersonDrawer } from './person-drawer.tsx';
import { PersonStatus } from './person-status.tsx';
import { filterOf, leastSearch, type PeopleSearch, roles, statuses } from './search.ts';
import { usePeopleWords } from './words.ts';

interface PeopleProps {
  readonly search: PeopleSearch;
  readonly change: Change<PeopleSearch>;
}

/** Who has an account, and the roles of the operator's own. */
export function PeoplePage({ search, change }: PeopleProps) {
  const t = usePeopleWords();
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => change({ row: 'invite' })}>
          {t('invite')}
        </Button>
      }
    >
      <Tabs value={search.tab ?? 'people'} onChange={(tab) => change({ tab: tab === 'roles' ? 'roles' : undefined, edit: undefined })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="people">{t('people')}</Tabs.Tab>
          <Tabs.Tab value="roles">{t('roles')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="people">
          <People search={search} change={change} />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <CustomRoles edit={search.edit} change={change} />
        </Tabs.Panel>
      </Tabs>
      <SideDrawer opened={search.row === 'invite'} title={t('inviteTitle')} close={() => change({ row: undefined })} size={480}>
        <Invite />
      </SideDrawer>
      <PersonDrawer id={search.row === 'invite' ? undefined : search.row} close={() => change({ row: undefined })} />
    </Page>
  );
}

function People({ search, change }: PeopleProps) {
  const t = usePeopleWords();
  const common = useCommonWords();
  const { order: field = 'CREATED_AT', direction = 'DESC' } = search;
  const list = useEndless(
    AdminPeopleDocument,
    (after) => ({ first: 50, after, filter: filterOf(search), orderBy: { field, direction } }),
    (data) => data.users,
  );
  const narrowed = Object.keys(filterOf(search)).length > 0;
  return (
    <Stack>
      <search className={classes.filters} aria-label={common('filters')}>
        <SearchField label={t('search')} value={search.search} change={(text) => change({ search: text })} least={leastSearch} leastTold={t('searchMore')} />
        <Select
          aria-label={t('role')}
          placeholder={t('role')}
          data={roles.map((role) => ({ value: role, label: t(role) }))}
          value={search.role ?? null}
          onChange={(role) => change({ role: oneOf(role, roles) })}
          clearable
        />
        <Select
          aria-label={t('status')}
          placeholder={t('status')}
          data={statuses.map((status) => ({ value: status, label: t(status) }))}
          value={search.status ?? null}
          onChange={(status) => change({ status: oneOf(status, statuses) })}
          clearable
        />
        {narrowed && (
          <Button variant="subtle" onClick={() => change({ search: undefined, role: undefined, status: undefined })}>
            {common('clear')}
          </Button>
        )}
      </search>
      <EndlessTable
        label={t('title')}
        list={list}
        columns={columnsOf(t)}
        order={{ field, direction, change: (order, next) => change({ order, direction: next }) }}
        open={({ id }) => change({ row: id })}
        empty={<Empty title={narrowed ? common('noMatch') : t('empty')}>{narrowed && common('noMatchTold')}</Empty>}
      />
    </Stack>
  );
}

function columnsOf(t: ReturnType<typeof usePeopleWords>): readonly Column<AdminPersonFragment, UserOrderField>[] {
  return [
    { title: t('name'), cell: ({ displayName }) => <span title={displayName}>{displayName}</span>, order: 'DISPLAY_NAME' },
    { title: t('email'), cell: ({ email }) => <span title={email ?? undefined}>{email ?? '—'}</span> },
    { title: t('role'), cell: ({ roles: own, customRoles }) => [...own.filter((role) => role !== 'USER' || own.length === 1).map((role) => t(role)), ...(customRoles ?? [])].join(', ') },
    { title: t('status'), cell: (person) => <PersonStatus person={person} /> },
    { title: t('available'), cell: ({ wallet }) => (wallet === null ? '—' : <Credits amount={wallet.available} places={2} />), amount: true },
    { title: t('owed'), cell: ({ wallet }) => (wallet === null || wallet.owed === '0' ? '—' : <Credits amount={wallet.owed} places={2} />), amount: true },
    { title: t('joined'), cell: ({ createdAt }) => <When at={createdAt} />, order: 'CREATED_AT' },
  ];
}
