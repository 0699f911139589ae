import { Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { type CombinedError, useMutation, useQuery } from 'urql';
import { type AdminPersonWholeFragment, CustomRolesDocument, type Role, SetCustomRolesDocument, SetRolesDocument } from '../../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../../shared/problem.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { Dialog } from '../../../shared/ui/dialog.tsx';
import { useCommonWords } from '../lists/words.ts';
import { usePeopleWords } from './words.ts';

interface RolesDialogProps {
  readonly person: AdminPersonWholeFragment;
  readonly refresh: () => void;
  readonly close: () => void;
}

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((one) => b.includes(one));

/** What somebody may do. */
export function RolesDialog({ person, refresh, close }: RolesDialogProps) {
  const t = usePeopleWords();
  const common = useCommonWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ data }] = useQuery({ query: CustomRolesDocument });
  const [, setRoles] = useMutation(SetRolesDocument);
  const [, setCustomRoles] = useMutation(SetCustomRolesDocument);
  const [roles, chooseRoles] = useState<readonly Role[]>(person.roles);
  const [custom, chooseCustom] = useState<readonly string[]>(person.customRoles ?? []);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CombinedError>();
  const unchanged = same(roles, person.roles) && same(custom, person.customRoles ?? []);

  const save = async () => {
    if (!same(roles, person.roles)) {
      const answer = await confirmed(() => setRoles({ userId: person.id, roles: [...roles], reason: reason.trim() === '' ? null : reason.trim() }));
      if (answer.error !== undefined) {
        return answer.error;
      }
    }
    return same(custom, person.customRoles ?? []) ? undefined : (await confirmed(() => setCustomRoles({ userId: person.id, roles: [...custom] }))).error;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const failed = await save();
    setBusy(false);
    setError(failed);
    if (failed === undefined) {
      // Their sessions have ended.
      refresh();
      close();
    }
  };
  const box = (role: 'CONTRIBUTOR' | 'ADMIN', told: string) => (
    <Checkbox label={t(role)} description={told} checked={roles.includes(role)} onChange={(event) => chooseRoles(event.currentTarget.checked ? [...roles, role] : roles.filter((one) => one !== role))} />
  );
  return (
    <Dialog title={t('rolesOf', { name: person.displayName })} close={close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack>
          <Text size="sm">
            {t('everybody')} {t('rolesTold')}
          </Text>
          {box('CONTRIBUTOR', t('contributorTold'))}
          {box('ADMIN', t('adminTold'))}
          <Checkbox.Group label={t('custom')} value={[...custom]} onChange={chooseCustom}>
            <Stack gap="xs" mt="xs">
              {(data?.customRoles ?? []).map(({ name, description }) => (
                <Checkbox key={name} value={name} label={name} description={description} />
              ))}
              {data?.customRoles.length === 0 && (
                <Text size="sm" c="dimmed">
                  {t('noCustom')}
                </Text>
              )}
            </Stack>
          </Checkbox.Group>
          <TextInput label={common('reason')} description={common('reasonTold')} maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          {error !== undefined && (
            <Text size="sm" c="var(--bad)" role="alert">
              {say(problemOf(error))}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {common('cancel')}
            </Button>
            <Button type="submit" disabled={unchanged} loading={busy}>
              {common('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
