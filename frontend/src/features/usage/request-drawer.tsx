import { Alert, Drawer, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useQuery } from 'urql';
import { UsageRequestDocument, type UsageRequestQuery } from '../../graphql/graphql.ts';
import { showCount } from '../../shared/count.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';
import { utc } from '../../shared/time.ts';
import { Credits } from '../../shared/ui/money.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { When } from '../../shared/ui/when.tsx';
import { Booked } from './booked.tsx';
import { errorWord } from './error-word.ts';
import classes from './usage.module.css';
import { useErrorWords, useRequestWords } from './words.ts';

type Node = NonNullable<UsageRequestQuery['node']>;
export type Request = Extract<Node, { readonly latencyMs: number }>;

/** All that its author may know of a request. */
export function RequestDrawer({ id, close }: { readonly id: string | undefined; readonly close: () => void }) {
  return (
    <Drawer.Root opened={id !== undefined} onClose={close} position="right" size={560} classNames={{ content: classes.drawer }}>
      <Drawer.Overlay backgroundOpacity={0.3} />
      <Drawer.Content>{id !== undefined && <Opened id={id} />}</Drawer.Content>
    </Drawer.Root>
  );
}

function Opened({ id }: { readonly id: string }) {
  const t = useRequestWords();
  const [{ data, error, fetching }, again] = useQuery({ query: UsageRequestDocument, variables: { id } });
  const found = data?.node != null && 'latencyMs' in data.node && data.node.id === id ? data.node : undefined;
  const retry = () => again({ requestPolicy: 'network-only' });
  return (
    <>
      {/* Not a header: the page has its one. */}
      <div className={classes.header}>
        <Drawer.Title fw={600} fz="lg" className={classes.name} title={found?.model}>
          {found === undefined ? '…' : t('title', { model: found.model })}
        </Drawer.Title>
        <Drawer.CloseButton aria-label={t('close')} />
      </div>
      <Drawer.Body>
        {error !== undefined && found === undefined && <Trouble error={error} retry={retry} />}
        {fetching && found === undefined && <SkeletonRows rows={10} />}
        {!fetching && error === undefined && found === undefined && <Text>{t('missing')}</Text>}
        {found !== undefined && <Whole request={found} refresh={retry} />}
      </Drawer.Body>
    </>
  );
}

function Whole({ request, refresh }: { readonly request: Request; readonly refresh: () => void }) {
  const t = useRequestWords();
  const { status, creditsCharged, errorCode } = request;
  return (
    <Stack gap="lg">
      <div>
        <Text size="sm" c="dimmed">
          {t('charged')}
        </Text>
        <div className={classes.charge}>
          <Credits amount={formatUnits(-unitsOf(creditsCharged ?? '0'))} places={9} />
        </div>
        <span className={status === 'FAILED' ? classes.failed : classes.ok}>
          {status === 'FAILED' ? <IconX size={14} aria-hidden /> : <IconCheck size={14} aria-hidden />} {t(status === 'FAILED' ? 'failed' : 'succeeded')}
        </span>
      </div>
      {errorCode !== null && <Failure code={errorCode} charged={creditsCharged} />}
      <Facts request={request} />
      <Booked request={request} refresh={refresh} />
    </Stack>
  );
}

function Failure({ code, charged }: { readonly code: string; readonly charged: string | null }) {
  const say = useErrorWords();
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />}>
      {say(errorWord(code, charged), { code })}
      <Text className={classes.id} c="dimmed" mt={4}>
        {code}
      </Text>
    </Alert>
  );
}

function Facts({ request }: { readonly request: Request }) {
  const t = useRequestWords();
  const { model, requestedModel, endpoint, promptTokens, cachedTokens, cacheWriteTokens, completionTokens, reasoningTokens, latencyMs, streamed, attempts, estimated, createdAt, id } = request;
  return (
    <>
      <dl className={classes.facts}>
        <Fact name={t('time')}>
          <When at={createdAt} /> <span className={classes.id}>{utc(createdAt)}</span>
        </Fact>
        <Fact name={t('model')}>{model}</Fact>
        {requestedModel !== model && <Fact name={t('asked')}>{requestedModel}</Fact>}
        <Fact name={t('endpoint')}>{endpoint}</Fact>
        <Fact name={t('prompt')}>
          <Count n={promptTokens} />
          {cachedTokens > 0 && <Part n={cachedTokens} name={t('cached')} />}
          {cacheWriteTokens > 0 && <Part n={cacheWriteTokens} name={t('cacheWrite')} />}
        </Fact>
        <Fact name={t('completion')}>
          <Count n={completionTokens} />
          {reasoningTokens > 0 && <Part n={reasoningTokens} name={t('reasoning')} />}
        </Fact>
        <Fact name={t('latency')}>{(latencyMs / 1000).toFixed(3)} s</Fact>
        <Fact name={t('delivery')}>{t(streamed ? 'streamed' : 'whole')}</Fact>
        <Fact name={t('attempts')}>{attempts}</Fact>
        <Fact name={t('id')}>
          <span className={classes.id}>{id}</span>
        </Fact>
      </dl>
      {estimated && (
        <Text size="sm" c="dimmed">
          {t('estimated')}
        </Text>
      )}
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Count({ n }: { readonly n: number }) {
  return <span className="money">{showCount(n)}</span>;
}

function Part({ n, name }: { readonly n: number; readonly name: string }) {
  return (
    <Text span size="sm" c="dimmed">
      {' '}
      · {showCount(n)} {name}
    </Text>
  );
}
