import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { type AdminKeyWholeFragment, AdminLimitKeyDocument } from '../../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../../shared/problem.ts';
import { Dialog } from '../../../shared/ui/dialog.tsx';
import { useCommonWords } from '../lists/words.ts';
import { isLimit, limitNames, limitsOf, limitVariables } from './draft.ts';
import { useResourcesWords } from './words.ts';

/** Sets what a key may do at most at a time. */
export function LimitDialog({ resource, name, close }: { readonly resource: AdminKeyWholeFragment; readonly name: string; readonly close: () => void }) {
  const t = useResourcesWords();
  const common = useCommonWords();
  const say = useSayProblem();
  const [{ fetching, error }, limit] = useMutation(AdminLimitKeyDocument);
  const [limits, setLimits] = useState(() => limitsOf(resource));
  const [reason, setReason] = useState('');
  const problem = error === undefined ? undefined : problemOf(error);
  const atField = limitNames.find((one) => one === problem?.field);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (limitNames.every((one) => isLimit(limits[one]))) {
      const answer = await limit(limitVariables(resource.id, limits, reason));
      if (answer.error === undefined) {
        close();
      }
    }
  };
  return (
    <Dialog title={t('limitTitle', { key: name })} close={close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack>
          <Text size="sm">{t('limitTold')}</Text>
          {limitNames.map((one) => (
            <TextInput
              key={one}
              label={t(one)}
              inputMode="numeric"
              placeholder={common('unlimited')}
              value={limits[one]}
              onChange={(event) => setLimits({ ...limits, [one]: event.currentTarget.value })}
              error={isLimit(limits[one]) ? atField === one && problem?.message : t('limitBad')}
            />
          ))}
          <TextInput label={common('reason')} description={common('reasonTold')} maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          {problem !== undefined && atField === undefined && (
            <Text size="sm" c="var(--bad)" role="alert">
              {say(problem)}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={fetching}>
              {common('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
