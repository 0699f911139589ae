import { Button, Group, Stack, Text } from '@mantine/core';
import { AuditDocument, type AuditQuery } from '../../../graphql/graphql.ts';
import { Page } from '../../../shared/ui/page.tsx';
import { Empty } from '../../../shared/ui/states.tsx';
import { When } from '../../../shared/ui/when.tsx';
import classes from '../lists/common.module.css';
import { useEndless } from '../lists/endless.ts';
import { type Column, EndlessTable } from '../lists/rows-table.tsx';
import type { Change } from '../lists/search.ts';
import { fact, Facts, Section, SideDrawer } from '../lists/side-drawer.tsx';
import { useCommonWords } from '../lists/words.ts';
import { linesOf } from './detail.ts';
import { Filters } from './filters.tsx';
import { type AuditSearch, filterOf } from './search.ts';
import { useAuditWords } from './words.ts';

type Event = AuditQuery['auditLog']['edges'][number]['node'];

interface AuditPageProps {
  readonly search: AuditSearch;
  readonly change: Change<AuditSearch>;
}

/** Who did what, the newest first. */
export function AuditPage({ search, change }: AuditPageProps) {
  const t = useAuditWords();
  const common = useCommonWords();
  const list = useEndless(
    AuditDocument,
    (after) => ({ first: 50, after, filter: filterOf(search) }),
    (data) => data.auditLog,
  );
  const opened = list.rows?.find(({ id }) => id === search.row);
  const narrowed = Object.keys(search).some((name) => name !== 'row');
  return (
    <Page title={t('title')} lead={t('lead')}>
      <Filters search={search} change={change} actorName={list.rows?.find(({ actor }) => actor?.id === search.actor)?.actor?.displayName} />
      <EndlessTable
        label={t('title')}
        list={list}
        columns={columnsOf(t)}
        open={({ id }) => change({ row: id })}
        empty={<Empty title={narrowed ? common('noMatch') : t('empty')}>{narrowed && common('noMatchTold')}</Empty>}
      />
      <SideDrawer opened={search.row !== undefined} title={opened?.action ?? t('event')} close={() => change({ row: undefined })}>
        {opened === undefined ? <Text>{list.rows === undefined ? '…' : common('missing')}</Text> : <Opened event={opened} change={change} />}
      </SideDrawer>
    </Page>
  );
}

function Summary({ event: { detail, reason } }: { readonly event: Event }) {
  const lines = linesOf(detail).map(({ name, value, before }) => `${name === '' ? '' : `${name} `}${before === undefined ? '' : `${before} → `}${value}`);
  const text = [...(reason === null ? [] : [`“${reason}”`]), ...lines].join(' · ');
  return (
    <span className={classes.soft} title={text}>
      {text}
    </span>
  );
}

function Opened({ event, change }: { readonly event: Event; readonly change: Change<AuditSearch> }) {
  const t = useAuditWords();
  const { actor } = event;
  const lines = linesOf(event.detail);
  return (
    <Stack gap="lg">
      <Facts
        facts={[
          fact(t('time'), <When at={event.at} />),
          fact(t('actor'), actor?.displayName ?? t('system')),
          fact(t('subject'), <code className={classes.code}>{event.subject}</code>),
          fact(t('reason'), event.reason ?? undefined),
          fact(t('ip'), event.ip ?? undefined),
          fact(t('userAgent'), event.userAgent ?? undefined),
          fact(t('session'), event.sessionId === null ? undefined : <code className={classes.code}>{event.sessionId}</code>),
          fact(t('token'), event.tokenId === null ? undefined : <code className={classes.code}>{event.tokenId}</code>),
          fact(t('request'), event.requestId === null ? undefined : <code className={classes.code}>{event.requestId}</code>),
        ]}
      />
      <Section title={t('detail')}>
        {lines.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t('noDetail')}
          </Text>
        ) : (
          <Facts
            facts={lines.map(({ name, value, before }) =>
              fact(
              name === '' ? t('value') : name,
              before === undefined ? (
                value
              ) : (
                <>
                  <del className={classes.soft}>{before}</del> → <strong>{value}</strong>
                </>
              ),
            ))}
          />
        )}
      </Section>
      <Group gap="xs">
        {actor !== null && (
          <Button variant="default" size="compact-sm" onClick={() => change({ actor: actor.id, row: undefined })}>
            {t('onlyActor', { name: actor.displayName })}
          </Button>
        )}
        <Button variant="default" size="compact-sm" onClick={() => change({ subject: event.subject, row: undefined })}>
          {t('onlySubject')}
        </Button>
        <Button variant="default" size="compact-sm" onClick={() => change({ action: event.action, row: undefined })}>
          {t('onlyAction', { action: event.action })}
        </Button>
      </Group>
    </Stack>
  );
}

function columnsOf(t: ReturnType<typeof useAuditWords>): readonly Column<Event>[] {
  return [
    { title: t('action'), cell: ({ action }) => action },
    { title: t('time'), cell: ({ at }) => <When at={at} /> },
    { title: t('actor'), cell: ({ actor }) => <span title={actor?.displayName}>{actor?.displayName ?? t('system')}</span> },
    { title: t('subject'), cell: ({ subject }) => <span title={subject}>{subject}</span>, wide: true },
    { title: t('detail'), cell: (event) => <Summary event={event} />, wide: true },
  ];
}
