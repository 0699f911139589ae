import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useRef, useState } from 'react';
import { useMutation } from 'urql';
import { RotateKeyDocument } from '../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { Dialog } from '../../shared/ui/dialog.tsx';
import { useToast } from '../../shared/ui/toast.tsx';
import type { Names } from './names.ts';
import type { Key } from './state.ts';
import { useKeysWords } from './words.ts';

/** Puts another key in the place of one. What is pasted stays in its field alone. */
export default function RotateDialog({ of: key, names, close }: { readonly of: Key; readonly names: Names; readonly close: () => void }) {
  const t = useKeysWords();
  const say = useSayProblem();
  const toast = useToast();
  const confirmed = useConfirmed();
  const [{ fetching, error }, rotate] = useMutation(RotateKeyDocument);
  const field = useRef<HTMLInputElement>(null);
  const [missing, setMissing] = useState(false);
  const problem = error === undefined || fetching ? undefined : problemOf(error);
  const provider = names.provider(key.provider);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const apiKey = field.current?.value.trim() ?? '';
    setMissing(apiKey === '');
    if (apiKey === '') {
      return;
    }
    const { data } = await confirmed(() => rotate({ id: key.id, apiKey }));
    if (data != null) {
      toast({ text: t('rotated_done', { label: key.label }) });
      close();
    }
  };
  const told = problem === undefined ? undefined : problem.code === 'KEY_REJECTED' ? t('rotateRejected', { provider }) : say(problem);
  return (
    <Dialog title={t('rotateTitle', { label: key.label })} close={close}>
      <form onSubmit={(event) => void submit(event)} autoComplete="off" noValidate>
        <Stack>
          <Text size="sm" c="dimmed">
            {t('rotateWhy', { provider, key: key.maskedKey })}
          </Text>
          <TextInput
            ref={field}
            type="password"
            name="provider-key"
            label={t('newKey')}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            data-1p-ignore
            data-lpignore="true"
            data-bwignore
            data-autofocus
            required
            onChange={() => setMissing(false)}
            error={missing ? t('keyMissing') : told}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={fetching}>
              {t('rotate')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
