import { Button, Group, Stack, Text } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useMutation } from 'urql';
import { PauseKeyDocument, ResumeKeyDocument, VerifyKeyDocument } from '../../graphql/graphql.ts';
import { problemOf, type Problem, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { useToast } from '../../shared/ui/toast.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import classes from './keys.module.css';
import type { Names } from './names.ts';
import { type Act, actsOn, type Key } from './state.ts';
import { useKeysWords } from './words.ts';

const LimitsDialog = lazy(() => import('./limits-dialog.tsx'));
const RotateDialog = lazy(() => import('./rotate-dialog.tsx'));
const WithdrawDialog = lazy(() => import('./withdraw-dialog.tsx'));

/** Pausing, resuming and verifying a key: what is under way, and what went wrong. */
function useQuickActs(key: Key) {
  const t = useKeysWords();
  const toast = useToast();
  const confirmed = useConfirmed();
  const [pausing, pauseKey] = useMutation(PauseKeyDocument);
  const [resuming, resumeKey] = useMutation(ResumeKeyDocument);
  const [verifying, verifyKey] = useMutation(VerifyKeyDocument);
  const [problem, setProblem] = useState<Problem>();
  const { id, label } = key;

  // Each is undone by the other; an undoing is said too, but is the end of it.
  const pause = async (undoing = false) => {
    const { error } = await confirmed(() => pauseKey({ id }));
    setProblem(error === undefined ? undefined : problemOf(error));
    if (error === undefined) {
      toast({ text: t('paused_done', { label }), ...(undoing ? {} : { undo: { label: t('undo'), act: () => void resume(true) } }) });
    }
  };
  const resume = async (undoing = false) => {
    const { error } = await confirmed(() => resumeKey({ id }));
    setProblem(error === undefined ? undefined : problemOf(error));
    if (error === undefined) {
      toast({ text: t('resumed_done', { label }), ...(undoing ? {} : { undo: { label: t('undo'), act: () => void pause(true) } }) });
    }
  };
  const verify = async () => {
    const { data, error } = await confirmed(() => verifyKey({ id }));
    setProblem(error === undefined ? undefined : problemOf(error));
    if (data != null) {
      toast({ text: t(data.verifyResource.status === 'SUSPENDED' ? 'verified_bad' : 'verified_done', { label }) });
    }
  };
  return { pause, resume, verify, pausing: pausing.fetching, resuming: resuming.fetching, verifying: verifying.fetching, problem };
}

/** What its owner can do with a key; the one that ends it stands apart. */
export function KeyActs({ of: key, names }: { readonly of: Key; readonly names: Names }) {
  const t = useKeysWords();
  const say = useSayProblem();
  const viewer = useViewer();
  const quick = useQuickActs(key);
  const [open, setOpen] = useState<Act>();
  const acts = actsOn(key, viewer.status === 'FROZEN');
  if (acts.size === 0) {
    return null;
  }
  const close = () => setOpen(undefined);
  const common = { size: 'compact-sm', variant: 'default' } as const;
  return (
    <Stack gap={6} className={classes.acts}>
      <Group justify="space-between" gap={6} component="fieldset" className={classes.buttons} aria-label={t('acts', { label: key.label })}>
        <Group gap={6}>
          {acts.has('pause') && (
            <Button {...common} loading={quick.pausing} onClick={() => void quick.pause()}>
              {t('pause')}
            </Button>
          )}
          {acts.has('resume') && (
            <Button {...common} variant="filled" loading={quick.resuming} onClick={() => void quick.resume()}>
              {t('resume')}
            </Button>
          )}
          {acts.has('verify') && (
            <Button {...common} loading={quick.verifying} onClick={() => void quick.verify()}>
              {t('verify')}
            </Button>
          )}
          {acts.has('rotate') && (
            <Button {...common} onClick={() => setOpen('rotate')}>
              {t('rotate')}
            </Button>
          )}
          {acts.has('limit') && (
            <Button {...common} onClick={() => setOpen('limit')}>
              {t('limit')}
            </Button>
          )}
        </Group>
        {acts.has('withdraw') && (
          <Button {...common} variant="subtle" color="red" onClick={() => setOpen('withdraw')}>
            {t('withdraw')}
          </Button>
        )}
      </Group>
      {quick.problem !== undefined && (
        <Text size="xs" c="var(--bad)" role="alert">
          {say(quick.problem)}
        </Text>
      )}
      <Suspense>
        {open === 'rotate' && <RotateDialog of={key} names={names} close={close} />}
        {open === 'limit' && <LimitsDialog of={key} close={close} />}
        {open === 'withdraw' && <WithdrawDialog of={key} names={names} close={close} />}
      </Suspense>
    </Stack>
  );
}
