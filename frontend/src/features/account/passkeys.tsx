import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { AddPasskeyDocument, BeginPasskeyRegistrationDocument, type PasskeyPartsFragment, RemovePasskeyDocument } from '../../graphql/graphql.ts';
import { hasPasskeys, makePasskey } from '../../shared/passkey.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { When } from '../../shared/ui/when.tsx';
import classes from './account.module.css';
import { deviceOf } from './device.ts';
import { Block, Line, Section } from './section.tsx';
import { useWords } from './words.ts';

interface PasskeysProps {
  readonly passkeys: readonly PasskeyPartsFragment[];
  /** Whether passkeys can be used here at all. */
  readonly offered: boolean;
  readonly refresh: () => void;
}

/** The passkeys that sign somebody in. */
export function Passkeys({ passkeys, offered, refresh }: PasskeysProps) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [{ fetching, error }, remove] = useMutation(RemovePasskeyDocument);
  const [adding, setAdding] = useState(false);
  const problem = error === undefined ? undefined : problemOf(error);
  const take = async (id: string) => {
    await confirmed(() => remove({ id }));
    refresh();
  };
  return (
    <Section id="passkeys" title={t('passkeys')} lead={t('passkeysLead')}>
      {passkeys.length === 0 && <Line label={t('noPasskeys')}>{offered && hasPasskeys() ? undefined : t('noPasskeysHere')}</Line>}
      {passkeys.map(({ id, name, createdAt, lastUsedAt }) => (
        <Line
          key={id}
          label={name}
          actions={
            <Button variant="default" size="xs" disabled={fetching} aria-label={t('takeOne', { name })} onClick={() => void take(id)}>
              {t('take')}
            </Button>
          }
        >
          {t('added')} <When at={createdAt} /> · {lastUsedAt === null ? t('neverUsed') : <>{t('lastUsed')} <When at={lastUsedAt} distance /></>}
        </Line>
      ))}
      {problem !== undefined && (
        <Block>
          <Text size="sm" c="var(--bad)" role="alert">
            {problem.code === 'CONFLICT' ? t('onlyWay') : say(problem)}
          </Text>
        </Block>
      )}
      {offered && hasPasskeys() && (
        <Block>
          {adding ? (
            <PasskeyForm
              close={() => {
                setAdding(false);
                refresh();
              }}
            />
          ) : (
            <Button variant="default" size="xs" onClick={() => setAdding(true)}>
              {t('addPasskey')}
            </Button>
          )}
        </Block>
      )}
    </Section>
  );
}

function PasskeyForm({ close }: { readonly close: () => void }) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [beginning, begin] = useMutation(BeginPasskeyRegistrationDocument);
  const [adding, add] = useMutation(AddPasskeyDocument);
  const [name, setName] = useState(deviceOf(navigator.userAgent));
  const [declined, setDeclined] = useState(false);
  const error = beginning.error ?? adding.error;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setDeclined(false);
    const { data } = await confirmed(() => begin({}));
    if (data == null) {
      return;
    }
    const { id, options } = data.beginPasskeyRegistration;
    const credential = await makePasskey(options);
    if (credential === undefined) {
      setDeclined(true);
      return;
    }
    const answer = await confirmed(() => add({ input: { ceremonyId: id, credential, name } }));
    if (answer.data != null) {
      close();
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} className={classes.form}>
      <Stack gap="sm">
        <TextInput
          label={t('passkeyName')}
          description={t('passkeyNameHint')}
          name="passkey"
          required
          withAsterisk={false}
          maxLength={80}
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- it appears because it was asked for
          autoFocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={declined ? t('passkeyDeclined') : error !== undefined && say(problemOf(error))}
        />
        <Group gap="xs">
          <Button type="submit" size="xs" loading={beginning.fetching || adding.fetching}>
            {t('addPasskey')}
          </Button>
          <Button variant="default" size="xs" onClick={close}>
            {t('cancel')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
