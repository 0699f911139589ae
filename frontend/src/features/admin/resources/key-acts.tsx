import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useMutation } from 'urql';
import { type AdminKeyWholeFragment, AdminPauseKeyDocument, AdminResumeKeyDocument, SuspendKeyDocument, AdminVerifyKeyDocument } from '../../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../../shared/problem.ts';
import { ActDialog } from '../lists/act-dialog.tsx';
import { type Act, actsOf } from './draft.ts';
import { LimitDialog } from './limit-dialog.tsx';
import { useResourcesWords } from './words.ts';

/** What an admin can do with a key in its state; the dangerous one stands apart. */
export function KeyActs({ resource, name }: { readonly resource: AdminKeyWholeFragment; readonly name: string }) {
  const t = useResourcesWords();
  const say = useSayProblem();
  const [verified, verify] = useMutation(AdminVerifyKeyDocument);
  const [asking, setAsking] = useState<Exclude<Act, 'verify'>>();
  const acts = actsOf(resource);
  if (acts.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('over')}
      </Text>
    );
  }
  const answer = verified.data?.verifyResource;
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {acts.map((act) =>
          act === 'verify' ? (
            <Button key={act} variant="default" size="xs" loading={verified.fetching} onClick={() => void verify({ id: resource.id })}>
              {t('verify')}
            </Button>
          ) : (
            <Button key={act} variant={act === 'suspend' ? 'light' : 'default'} {...(act === 'suspend' ? { color: 'red', ml: 'auto' } : {})} size="xs" onClick={() => setAsking(act)}>
              {t(act)}
            </Button>
          ),
        )}
      </Group>
      <Text size="sm" component="output" c={answer !== undefined && answer.status === 'SUSPENDED' ? 'var(--bad)' : 'var(--good)'}>
        {verified.fetching ? t('verifying') : answer !== undefined && verified.error === undefined && t(answer.status === 'SUSPENDED' ? 'notVerified' : 'verifiedNow')}
      </Text>
      {verified.error !== undefined && (
        <Text size="sm" c="var(--bad)" role="alert">
          {say(problemOf(verified.error))}
        </Text>
      )}
      {asking === 'limit' && <LimitDialog resource={resource} name={name} close={() => setAsking(undefined)} />}
      {asking !== undefined && asking !== 'limit' && <Asked act={asking} id={resource.id} name={name} close={() => setAsking(undefined)} />}
    </Stack>
  );
}

interface AskedProps {
  readonly act: 'pause' | 'resume' | 'lift' | 'suspend';
  readonly id: string;
  readonly name: string;
  readonly close: () => void;
}

function Asked({ act, id, name, close }: AskedProps) {
  const t = useResourcesWords();
  const [, pause] = useMutation(AdminPauseKeyDocument);
  const [, resume] = useMutation(AdminResumeKeyDocument);
  const [, suspend] = useMutation(SuspendKeyDocument);
  const run = (text: string) => {
    const reason = text === '' ? null : text;
    return act === 'suspend' ? suspend({ id, reason: text }) : act === 'pause' ? pause({ id, reason }) : resume({ id, reason });
  };
  return (
    <ActDialog
      title={t(`${act}Title`, { key: name })}
      told={t(`${act}Told`)}
      word={t(act)}
      danger={act === 'suspend'}
      reason={act === 'suspend' ? 'required' : 'optional'}
      act={run}
      close={close}
    />
  );
}
