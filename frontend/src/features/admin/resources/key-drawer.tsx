import { Anchor, Progress, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { AdminKeyAccessesDocument, AdminKeyOfDocument, AdminKeyProvidersDocument, type AdminKeyWholeFragment } from '../../../graphql/graphql.ts';
import { formatUnits, unitsOf } from '../../../shared/money.ts';
import { Dollars } from '../../../shared/ui/money.tsx';
import { SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import { When } from '../../../shared/ui/when.tsx';
import classes from '../lists/common.module.css';
import { count, percent } from '../lists/count.ts';
import { fact, Facts, Section, SideDrawer } from '../lists/side-drawer.tsx';
import { KeyStatus } from '../lists/state-word.tsx';
import { useCommonWords } from '../lists/words.ts';
import { limitNames } from './draft.ts';
import { KeyActs } from './key-acts.tsx';
import { useResourcesWords } from './words.ts';

/** All there is to know of a key, and what can be done with it. */
export function KeyDrawer({ id, close }: { readonly id: string | undefined; readonly close: () => void }) {
  const common = useCommonWords();
  const [{ data, error, fetching }, again] = useQuery({ query: AdminKeyOfDocument, variables: { id: id ?? '' }, pause: id === undefined });
  const found = data?.node != null && 'maskedKey' in data.node && data.node.id === id ? data.node : undefined;
  return (
    <SideDrawer opened={id !== undefined} title={found === undefined ? '…' : nameOf(found)} close={close}>
      {found !== undefined && <Whole resource={found} />}
      {found === undefined && error !== undefined && <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
      {found === undefined && error === undefined && (fetching ? <SkeletonRows rows={12} /> : <Text>{common('missing')}</Text>)}
    </SideDrawer>
  );
}

const nameOf = ({ label, maskedKey }: AdminKeyWholeFragment) => (label === '' ? maskedKey : label);

function Whole({ resource }: { readonly resource: AdminKeyWholeFragment }) {
  const t = useResourcesWords();
  const common = useCommonWords();
  return (
    <Stack gap="lg">
      <State resource={resource} />
      <Quota resource={resource} />
      <KeyActs resource={resource} name={nameOf(resource)} />
      <Figures resource={resource} />
      <Section title={t('limits')}>
        <Facts facts={limitNames.map((name) => fact(t(name), resource[name] == null ? common('unlimited') : count(resource[name])))} />
      </Section>
      <Accesses id={resource.id} />
      <Section title={t('models', { n: count(resource.models.length) })}>
        <Text size="sm" className={classes.code}>
          {resource.models.length === 0 ? common('none') : resource.models.join(', ')}
        </Text>
      </Section>
    </Stack>
  );
}

function State({ resource }: { readonly resource: AdminKeyWholeFragment }) {
  const t = useResourcesWords();
  return (
    <Stack gap={6}>
      <Text fw={600} component="div">
        <KeyStatus status={resource.status} />
      </Text>
      <Facts
        facts={[
          fact(t('statusReason'), resource.statusReason ?? undefined),
          fact(t('suspendedBy'), resource.suspendedBy === null ? undefined : t(resource.suspendedBy)),
          fact(t('repairBy'), resource.repairBy === null ? undefined : <When at={resource.repairBy} />),
          fact(
            t('rests'),
            resource.rests.length === 0 ? undefined : (
              <>
                {resource.rests.map(({ model, reason, until }) => (
                  <div key={`${model ?? ''} ${reason}`}>
                    <When at={until} />: {reason === 'cooling_down' || reason === 'breaker_open' ? t(reason) : reason.replaceAll('_', ' ')} ({model ?? t('restsAll')})
                  </div>
                ))}
              </>
            ),
          ),
          fact(t('nextProbe'), resource.nextProbeAt === null ? undefined : <When at={resource.nextProbeAt} distance />),
        ]}
      />
    </Stack>
  );
}

function Quota({ resource: { originalQuota, currentQuota, reservedQuota } }: { readonly resource: AdminKeyWholeFragment }) {
  const t = useResourcesWords();
  const [original, current, reserved] = [unitsOf(originalQuota), unitsOf(currentQuota), unitsOf(reservedQuota)];
  const share = (part: bigint) => (original <= 0n ? 0 : Number((part * 1000n) / original) / 10);
  return (
    <Stack gap={6}>
      <Text fz={28} fw={600} lh={1.2} component="div">
        <Dollars amount={currentQuota} />{' '}
        <Text span size="sm" c="dimmed">
          {t('left')}
        </Text>
      </Text>
      <Progress.Root size={8} aria-hidden>
        <Progress.Section value={share(current - reserved)} color="var(--accent)" />
        <Progress.Section value={share(reserved)} color="var(--warn)" />
      </Progress.Root>
      <Facts
        facts={[
          fact(t('of'), <Dollars amount={originalQuota} places={9} />),
          fact(t('used'), <Dollars amount={formatUnits(original - current)} places={9} />),
          fact(t('left'), <Dollars amount={currentQuota} places={9} />),
          fact(t('reserved'), <Dollars amount={reservedQuota} places={9} />),
        ]}
      />
    </Stack>
  );
}

const when = (at: string | null, never: string) => (at === null ? never : <When at={at} />);

function Figures({ resource }: { readonly resource: AdminKeyWholeFragment }) {
  const t = useResourcesWords();
  const common = useCommonWords();
  const [{ data }] = useQuery({ query: AdminKeyProvidersDocument, requestPolicy: 'cache-first' });
  const { owner } = resource;
  return (
    <Facts
      facts={[
        fact(
          t('owner'),
          owner === null ? (
            common('platform')
          ) : (
            <Anchor component={Link} to="/admin/people" search={{ row: owner.id } as never} size="sm">
              {owner.displayName}
            </Anchor>
          ),
        ),
        fact(t('provider'), data?.providers.find(({ key }) => key === resource.provider)?.name ?? resource.provider),
        fact(t('masked'), <code className={classes.code}>{resource.maskedKey}</code>),
        fact(t('id'), <code className={classes.code}>{resource.id}</code>),
        fact(t('backup'), resource.backup ? t('backupTold') : undefined),
        fact(t('confirmed'), t(resource.quotaConfirmed ? 'confirmedYes' : 'confirmedNo')),
        fact(t('requests'), <span className="money">{count(resource.totalRequests)}</span>),
        fact(t('successful'), <span className="money">{`${count(resource.successfulRequests)} (${percent(resource.successRate)})`}</span>),
        fact(t('latency'), resource.averageLatencyMs === null ? '—' : `${(resource.averageLatencyMs / 1000).toFixed(2)} s`),
        fact(t('lastUsed'), when(resource.lastUsedAt, t('neverUsed'))),
        fact(t('verified'), when(resource.verifiedAt, '—')),
        fact(t('created'), <When at={resource.createdAt} />),
        fact(t('expires'), when(resource.expiresAt, t('noExpiry'))),
        fact(t('terms'), resource.acceptedTerms ?? undefined),
      ]}
    />
  );
}

function Accesses({ id }: { readonly id: string }) {
  const t = useResourcesWords();
  const common = useCommonWords();
  const [{ data }] = useQuery({ query: AdminKeyAccessesDocument, variables: { id } });
  if (data === undefined || data.keyAccesses.totalCount === 0) {
    return null;
  }
  const say = (purpose: string) => (purpose === 'request' || purpose === 'confirm' || purpose === 'verify' ? t(purpose) : purpose);
  return (
    <Section title={t('accesses')}>
      <Text size="sm" c="dimmed">
        {t('accessesTold', { n: count(data.keyAccesses.totalCount) })}
      </Text>
      {data.keyAccesses.edges.map(({ node }) => (
        <Text key={node.id} size="sm" component="div">
          <When at={node.at} /> · {say(node.purpose)} · {node.actor?.displayName ?? common('platform')}
        </Text>
      ))}
    </Section>
  );
}
