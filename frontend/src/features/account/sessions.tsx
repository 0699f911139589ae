import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { type OperationResult, useMutation } from 'urql';
import { RevokeOtherSessionsDocument, RevokeSessionDocument, type SessionPartsFragment } from '../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { When } from '../../shared/ui/when.tsx';
import classes from './account.module.css';
import { deviceOf } from './device.ts';
import { Block, Line, Said, Section } from './section.tsx';
import { useWords } from './words.ts';

/** As many as are shown before somebody asks for all: programs may sign in often. */
const some = 6;

interface SessionsProps {
  readonly sessions: readonly SessionPartsFragment[];
  readonly refresh: () => void;
}

/** Where somebody is signed in, and how to end that. */
export function Sessions({ sessions, refresh }: SessionsProps) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [one, revoke] = useMutation(RevokeSessionDocument);
  const [others, revokeOthers] = useMutation(RevokeOtherSessionsDocument);
  const [all, setAll] = useState(false);
  const [said, setSaid] = useState('');
  const [failed, setFailed] = useState('');
  const told = ({ error }: Pick<OperationResult, 'error'>, words: string) => {
    setSaid(error === undefined ? words : '');
    setFailed(error === undefined ? '' : say(problemOf(error)));
    refresh();
  };
  const end = async (id: string) => told(await confirmed(() => revoke({ id })), '');
  const endOthers = async () => {
    const answer = await confirmed(() => revokeOthers({}));
    told(answer, t('endedOthers', { count: answer.data?.revokeOtherSessions ?? 0 }));
  };
  const ordered = sessions.toSorted((a, b) => Number(b.current) - Number(a.current));
  const busy = one.fetching || others.fetching;
  return (
    <Section id="sessions" title={t('sessions')} lead={t('sessionsLead')}>
      {(all ? ordered : ordered.slice(0, some)).map((session) => (
        <SessionLine key={session.id} session={session} busy={busy} end={() => void end(session.id)} />
      ))}
      <Said>{said}</Said>
      {failed !== '' && (
        <Block>
          <Text size="sm" c="var(--bad)" role="alert">
            {failed}
          </Text>
        </Block>
      )}
      {sessions.length > 1 && (
        <Block>
          {!all && sessions.length > some && (
            <Button variant="default" size="xs" mr="xs" onClick={() => setAll(true)}>
              {t('allSessions', { count: sessions.length })}
            </Button>
          )}
          <Button variant="default" size="xs" loading={others.fetching} disabled={busy} onClick={() => void endOthers()}>
            {t('endOthers')}
          </Button>
        </Block>
      )}
    </Section>
  );
}

function SessionLine({ session, busy, end }: { readonly session: SessionPartsFragment; readonly busy: boolean; readonly end: () => void }) {
  const t = useWords();
  const { userAgent, ip, method, secondFactor, createdAt, lastSeenAt, current } = session;
  const device = deviceOf(userAgent) || t('unknown');
  return (
    <Line
      label={
        <>
          <span title={userAgent}>{device}</span>
          {current && <span className={classes.tag}>{t('here')}</span>}
        </>
      }
      actions={
        !current && (
          <Button variant="default" size="xs" disabled={busy} aria-label={t('endOne', { device })} onClick={end}>
            {t('end')}
          </Button>
        )
      }
    >
      {ip !== '' && <>{ip} · </>}
      {t('lastSeen')} <When at={lastSeenAt} distance />
      <br />
      {t('signedIn')} <When at={createdAt} /> {t(`by${method}`)} {secondFactor && t('withCode')}
    </Line>
  );
}
