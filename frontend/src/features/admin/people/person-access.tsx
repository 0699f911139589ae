import { Button, Group, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useMutation } from 'urql';
import { type AdminPersonWholeFragment, RevokePersonSessionDocument, RevokePersonTokenDocument } from '../../../graphql/graphql.ts';
import { showAmount } from '../../../shared/money.ts';
import { When } from '../../../shared/ui/when.tsx';
import { ActDialog } from '../lists/act-dialog.tsx';
import { Section } from '../lists/side-drawer.tsx';
import { usePeopleWords } from './words.ts';

type Token = AdminPersonWholeFragment['apiTokens'][number];
type Session = AdminPersonWholeFragment['sessions'][number];

/** The tokens of somebody, which programs use. */
export function Tokens({ person: { apiTokens } }: { readonly person: AdminPersonWholeFragment }) {
  const t = usePeopleWords();
  const [, revoke] = useMutation(RevokePersonTokenDocument);
  const [asking, setAsking] = useState<Token>();
  return (
    <Section title={t('tokens')}>
      {apiTokens.length === 0 && <Nothing>{t('noTokens')}</Nothing>}
      {apiTokens.map((token) => (
        <Row key={token.id} name={`${token.name} ${token.maskedSecret}`} told={<TokenTold token={token} />}>
          {token.revokedAt === null ? (
            <Button variant="subtle" color="red" size="compact-sm" onClick={() => setAsking(token)} aria-label={`${t('revoke')} ${token.name}`}>
              {t('revoke')}
            </Button>
          ) : (
            <Text size="sm" c="dimmed">
              {t('revoked')}
            </Text>
          )}
        </Row>
      ))}
      {asking !== undefined && (
        <ActDialog
          title={t('revokeTitle', { name: asking.name })}
          told={t('revokeTold')}
          word={t('revoke')}
          danger
          act={(reason) => revoke({ id: asking.id, reason: reason === '' ? null : reason })}
          close={() => setAsking(undefined)}
        />
      )}
    </Section>
  );
}

function TokenTold({ token }: { readonly token: Token }) {
  const t = usePeopleWords();
  const spent = `${showAmount(token.spent).text} Cr`;
  return (
    <>
      {token.spendLimit === null ? t('spent', { spent }) : t('spentOf', { spent, limit: `${showAmount(token.spendLimit).text} Cr` })} ·{' '}
      {token.lastUsedAt === null ? (
        t('neverUsed')
      ) : (
        <>
          {t('lastUsed')} <When at={token.lastUsedAt} distance />
        </>
      )}
    </>
  );
}

interface SessionsProps {
  readonly person: AdminPersonWholeFragment;
  readonly refresh: () => void;
}

/** Where somebody is signed in. */
export function Sessions({ person: { sessions }, refresh }: SessionsProps) {
  const t = usePeopleWords();
  const [, revoke] = useMutation(RevokePersonSessionDocument);
  const [asking, setAsking] = useState<Session>();
  return (
    <Section title={t('sessions')}>
      {sessions.length === 0 && <Nothing>{t('noSessions')}</Nothing>}
      {sessions.map((session) => (
        <Row
          key={session.id}
          name={session.userAgent === '' ? session.ip : session.userAgent}
          told={
            <>
              {session.ip} · {t(session.method)} · {t('lastUsed')} <When at={session.lastSeenAt} distance />
              {session.current && ` · ${t('current')}`}
            </>
          }
        >
          <Button variant="subtle" color="red" size="compact-sm" onClick={() => setAsking(session)} aria-label={`${t('end')} ${session.userAgent} ${session.ip}`}>
            {t('end')}
          </Button>
        </Row>
      ))}
      {asking !== undefined && (
        <ActDialog
          title={t('endTitle')}
          told={t('endTold', { where: `${asking.userAgent} ${asking.ip}` })}
          word={t('end')}
          danger
          reason="none"
          act={async () => {
            const answer = await revoke({ id: asking.id });
            refresh();
            return answer;
          }}
          close={() => setAsking(undefined)}
        />
      )}
    </Section>
  );
}

function Nothing({ children }: { readonly children: ReactNode }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}

function Row({ name, told, children }: { readonly name: string; readonly told: ReactNode; readonly children: ReactNode }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <div style={{ minWidth: 0 }}>
        <Text size="sm" truncate title={name}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" component="div">
          {told}
        </Text>
      </div>
      {children}
    </Group>
  );
}
