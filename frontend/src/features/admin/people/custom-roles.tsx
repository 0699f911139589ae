import { Button, Group, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from 'urql';
import { CustomRolesDocument } from '../../../graphql/graphql.ts';
import { Empty, SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import { When } from '../../../shared/ui/when.tsx';
import { type Column, RowsTable } from '../lists/rows-table.tsx';
import type { Change } from '../lists/search.ts';
import { SideDrawer } from '../lists/side-drawer.tsx';
import { useCommonWords } from '../lists/words.ts';
import type { CustomRole } from './rights.ts';
import { RoleForm } from './role-form.tsx';
import type { PeopleSearch } from './search.ts';
import { usePeopleWords } from './words.ts';

/** The operator's own roles. */
export function CustomRoles({ edit, change }: { readonly edit: string | undefined; readonly change: Change<PeopleSearch> }) {
  const t = usePeopleWords();
  const common = useCommonWords();
  const [{ data, error }, again] = useQuery({ query: CustomRolesDocument });
  const refresh = () => again({ requestPolicy: 'network-only' });
  const close = () => change({ edit: undefined });
  const role = data?.customRoles.find(({ name }) => name === edit);
  const make = (
    <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ edit: 'new' })}>
      {t('newRole')}
    </Button>
  );
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <Text size="sm" c="dimmed" maw={640}>
          {t('rolesLead')}
        </Text>
        {data !== undefined && data.customRoles.length > 0 && make}
      </Group>
      {error !== undefined && data === undefined && <Trouble error={error} retry={refresh} />}
      {data === undefined && error === undefined && <SkeletonRows rows={4} />}
      {data?.customRoles.length === 0 && (
        <Empty title={t('noRoles')} action={make}>
          {t('noRolesTold')}
        </Empty>
      )}
      {data !== undefined && data.customRoles.length > 0 && <RowsTable label={t('roles')} rows={data.customRoles} columns={columnsOf(t)} open={({ name }) => change({ edit: name })} />}
      <SideDrawer opened={edit !== undefined} title={role === undefined ? t('newRole') : t('editRole', { name: role.name })} close={close}>
        {data !== undefined && (role !== undefined || edit === 'new') && (
          <RoleForm
            key={edit}
            role={role}
            taken={data.customRoles.map(({ name }) => name)}
            rights={data.grantableRights}
            done={() => {
              refresh();
              close();
            }}
          />
        )}
        {data !== undefined && role === undefined && edit !== 'new' && <Text>{common('missing')}</Text>}
      </SideDrawer>
    </Stack>
  );
}

function columnsOf(t: ReturnType<typeof usePeopleWords>): readonly Column<CustomRole>[] {
  return [
    { title: t('roleName'), cell: ({ name }) => name },
    { title: t('description'), cell: ({ description }) => <span title={description}>{description === '' ? '—' : description}</span> },
    { title: t('grants'), cell: ({ grants }) => t('chosen', { count: grants.length }), amount: true },
    { title: t('updated'), cell: ({ updatedAt }) => <When at={updatedAt} /> },
  ];
}
