import { Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useMutation } from 'urql';
import { type FormEvent, useState } from 'react';
import { AdminSettingsDocument, SaveSettingsDocument } from '../../../graphql/graphql.ts';
import { type Problem, problemOf, useSayProblem } from '../../../shared/problem.ts';
import { useConfirmed } from '../../../shared/reauthenticate.tsx';
import { Page } from '../../../shared/ui/page.tsx';
import { SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import { useCommonWords } from '../lists/words.ts';
import { changed, groups, patchOf, sound, type Typed, type Values } from './fields.ts';
import { SettingField } from './setting-field.tsx';
import classes from './settings.module.css';
import { WeightSum } from './weight-sum.tsx';
import { useSettingsWords } from './words.ts';

/** Every setting, what it means and in which range. */
export function SettingsPage() {
  const t = useSettingsWords();
  const [{ data, error }, again] = useQuery({ query: AdminSettingsDocument });
  return (
    <Page title={t('title')} lead={t('lead')}>
      {error !== undefined && data === undefined && <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
      {data === undefined && error === undefined && <SkeletonRows rows={12} />}
      {data !== undefined && <Form values={data.settings} refresh={() => again({ requestPolicy: 'network-only' })} />}
    </Page>
  );
}

function Form({ values, refresh }: { readonly values: Values; readonly refresh: () => void }) {
  const t = useSettingsWords();
  const confirmed = useConfirmed();
  const [, save] = useMutation(SaveSettingsDocument);
  const [typed, setTyped] = useState<Typed>({});
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [state, setState] = useState<'idle' | 'busy' | 'saved'>('idle');
  const changes = changed(values, typed);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (changes.length === 0 || !sound(values, typed)) {
      return;
    }
    setState('busy');
    const { error } = await confirmed(() => save({ input: patchOf(values, typed), reason: reason.trim() === '' ? null : reason.trim() }));
    setProblem(error === undefined ? undefined : problemOf(error));
    setState(error === undefined ? 'saved' : 'idle');
    if (error === undefined) {
      setTyped({});
      setReason('');
      refresh();
    }
  };
  const type = (change: Typed) => {
    setTyped({ ...typed, ...change });
    setProblem(undefined);
    setState('idle');
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="lg">
        {(['money', 'weights', 'penalties'] as const).map((group) => (
          <Paper key={group} withBorder p="md" component="section" aria-label={t(group)}>
            <Stack gap="sm">
              <div>
                <Text component="h2" fw={600} m={0}>
                  {t(group)}
                </Text>
                <Text size="sm" c="dimmed">
                  {t(`${group}Told`)}
                </Text>
              </div>
              {groups[group].map((field) => (
                <SettingField key={field.name} field={field} values={values} typed={typed} type={type} refused={problem?.field === `input.${field.name}` ? problem.message : undefined} />
              ))}
              {group === 'weights' && <WeightSum values={values} typed={typed} />}
            </Stack>
          </Paper>
        ))}
        <Text size="sm" c="var(--good)" component="output">
          {state === 'saved' && t('saved')}
        </Text>
        {changes.length > 0 && (
          <SaveBar
            count={changes.length}
            ready={sound(values, typed)}
            busy={state === 'busy'}
            reason={reason}
            setReason={setReason}
            problem={problem}
            undo={() => {
              setTyped({});
              setProblem(undefined);
            }}
          />
        )}
      </Stack>
    </form>
  );
}

interface SaveBarProps {
  readonly count: number;
  readonly ready: boolean;
  readonly busy: boolean;
  readonly reason: string;
  readonly setReason: (reason: string) => void;
  readonly problem: Problem | undefined;
  readonly undo: () => void;
}

/** How many changes there are, why, and what to do with them. */
function SaveBar({ count, ready, busy, reason, setReason, problem, undo }: SaveBarProps) {
  const t = useSettingsWords();
  const common = useCommonWords();
  const say = useSayProblem();
  return (
    <Paper withBorder p="sm" className={classes.bar}>
      <Group gap="sm">
        <Text size="sm" fw={600} className={classes.count}>
          {t('changes', { count })}
        </Text>
        <TextInput aria-label={common('reason')} placeholder={common('reason')} maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} className={classes.reason} />
        <Button variant="default" onClick={undo}>
          {t('reset')}
        </Button>
        <Button type="submit" disabled={!ready} loading={busy}>
          {common('save')}
        </Button>
      </Group>
      {problem !== undefined && (
        <Text size="sm" c="var(--bad)" role="alert" mt="xs">
          {say(problem)}
        </Text>
      )}
    </Paper>
  );
}
