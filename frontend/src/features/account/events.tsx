import { Button } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { SecurityEventsDocument, type SecurityEventsQuery } from '../../graphql/graphql.ts';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { When } from '../../shared/ui/when.tsx';
import { isAdmin, useViewer } from '../../shared/viewer.tsx';
import { deviceOf } from './device.ts';
import { isEventWord, useEventWords } from './event-words.ts';
import { Block, Line, Section } from './section.tsx';

const some = 5;
const more = 20;

type Event = SecurityEventsQuery['auditLog']['edges'][number]['node'];

/** What somebody did, and what was done to them. An admin's log has everybody in it: here they see their own acts alone. */
export function Events({ owner }: { readonly owner: string }) {
  const t = useEventWords();
  const [first, setFirst] = useState(some);
  const [{ data, error, fetching }, again] = useQuery({ query: SecurityEventsDocument, variables: { actor: isAdmin(useViewer()) ? owner : null, first } });
  const log = data?.auditLog;
  return (
    <Section id="events" title={t('title')} lead={t('lead')}>
      {log === undefined && (
        <Block>
          {error === undefined ? <SkeletonRows rows={3} /> : <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
        </Block>
      )}
      {log?.edges.length === 0 && <Line label={t('none')} />}
      {log?.edges.map(({ node }) => (
        <EventLine key={node.id} event={node} owner={owner} />
      ))}
      {log !== undefined && log.totalCount > log.edges.length && first < 100 && (
        <Block>
          <Button variant="default" size="xs" loading={fetching} onClick={() => setFirst(Math.min(100, first + more))}>
            {t('more')}
          </Button>
        </Block>
      )}
    </Section>
  );
}

function EventLine({ event: { action, at, actor, ip, userAgent }, owner }: { readonly event: Event; readonly owner: string }) {
  const t = useEventWords();
  const from = [ip, userAgent === null ? '' : deviceOf(userAgent)].filter((part) => part != null && part !== '').join(' · ');
  const by = actor === null ? t('byPlatform') : actor.id === owner ? '' : t('byOther', { name: actor.displayName });
  return (
    <Line label={isEventWord(action) ? t(action) : <code>{action}</code>} actions={<When at={at} />}>
      {[from, by].filter((part) => part !== '').join(' · ')}
    </Line>
  );
}
