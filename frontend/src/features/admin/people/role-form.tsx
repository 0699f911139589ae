import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { RemoveCustomRoleDocument, SaveCustomRoleDocument } from '../../../graphql/graphql.ts';
import { type Problem, problemOf, useSayProblem } from '../../../shared/problem.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { ActDialog } from '../lists/act-dialog.tsx';
import { RightsPicker } from './rights-picker.tsx';
import { asRoleName, type CustomRole, isRoleName, keyOf, type Right } from './rights.ts';
import { usePeopleWords } from './words.ts';

interface RoleFormProps {
  readonly role: CustomRole | undefined;
  readonly taken: readonly string[];
  readonly rights: readonly Right[];
  readonly done: () => void;
}

/** Makes, changes or removes a role. */
export function RoleForm({ role, taken, rights, done }: RoleFormProps) {
  const t = usePeopleWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ fetching }, save] = useMutation(SaveCustomRoleDocument);
  const [, remove] = useMutation(RemoveCustomRoleDocument);
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [chosen, setChosen] = useState<readonly string[]>(role?.grants.map(keyOf) ?? []);
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [removing, setRemoving] = useState(false);
  const nameFault = isRoleName(name) ? (role === undefined && taken.includes(name) ? 'roleNameTaken' : undefined) : 'roleNameBad';
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (nameFault !== undefined || chosen.length === 0) {
      return;
    }
    const grants = rights.filter((right) => chosen.includes(keyOf(right))).map(({ object, action }) => ({ object, action }));
    const { error } = await confirmed(() => save({ input: { name, description: description.trim(), grants } }));
    setProblem(error === undefined ? undefined : problemOf(error));
    if (error === undefined) {
      done();
    }
  };
  return (
    <>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack>
          {role === undefined && (
            <TextInput
              label={t('roleName')}
              description={t('roleNameTold')}
              placeholder="AUDITOR"
              maxLength={40}
              data-autofocus
              value={name}
              onChange={(event) => setName(asRoleName(event.currentTarget.value))}
              error={tried && nameFault !== undefined ? t(nameFault) : problem?.field === 'input.name' && say(problem)}
            />
          )}
          <TextInput
            label={t('description')}
            maxLength={200}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            error={problem?.field === 'input.description' && say(problem)}
          />
          <RightsPicker rights={rights} chosen={chosen} choose={setChosen} />
          {tried && chosen.length === 0 && (
            <Text size="sm" c="var(--bad)" role="alert">
              {t('needGrant')}
            </Text>
          )}
          {problem !== undefined && problem.field !== 'input.name' && problem.field !== 'input.description' && (
            <Text size="sm" c="var(--bad)" role="alert">
              {say(problem)}
            </Text>
          )}
          <Group justify="space-between">
            {role === undefined ? (
              <span />
            ) : (
              <Button variant="light" color="red" onClick={() => setRemoving(true)}>
                {t('remove')}
              </Button>
            )}
            <Button type="submit" loading={fetching}>
              {t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
      {removing && role !== undefined && (
        <ActDialog
          title={t('removeTitle', { name: role.name })}
          told={t('removeTold')}
          word={t('remove')}
          danger
          reason="none"
          act={async () => {
            const answer = await confirmed(() => remove({ name: role.name }));
            if (answer.error === undefined) {
              done();
            }
            return answer;
          }}
          close={() => setRemoving(false)}
        />
      )}
    </>
  );
}
