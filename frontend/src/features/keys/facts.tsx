import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { When } from '../../shared/ui/when.tsx';
import classes from './keys.module.css';
import { showCount, showLatency, showShare } from './names.ts';
import { type Key, restsOf } from './state.ts';
import { useKeysWords } from './words.ts';

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={classes.number}>{children}</dd>
    </div>
  );
}

/** The limits that a key's owner has set, in words. */
export function useLimits(key: Key): string {
  const t = useKeysWords();
  const limits = [
    ...(key.maxConcurrency == null ? [] : [t('concurrent', { count: key.maxConcurrency })]),
    ...(key.maxRequestsPerMinute == null ? [] : [t('perMinute', { count: key.maxRequestsPerMinute })]),
    ...(key.maxTokensPerMinute == null ? [] : [t('tokensPerMinute', { count: key.maxTokensPerMinute })]),
  ];
  return limits.length === 0 ? t('none') : limits.join(' · ');
}

/** How a key has done so far. */
export function Facts({ of: key, now, all = false }: { readonly of: Key; readonly now: Date; readonly all?: boolean }) {
  const t = useKeysWords();
  const limits = useLimits(key);
  const used = key.totalRequests !== '0';
  return (
    <dl className={classes.facts} data-wide={all || undefined}>
      <Fact name={t('requests')}>{showCount(key.totalRequests)}</Fact>
      <Fact name={t('success')}>{used ? showShare(key.successRate) : '–'}</Fact>
      <Fact name={t('latency')}>{key.averageLatencyMs == null ? '–' : showLatency(key.averageLatencyMs)}</Fact>
      <Fact name={t('lastUse')}>{key.lastUsedAt == null ? t('never') : <When at={key.lastUsedAt} distance />}</Fact>
      <Fact name={t('expires')}>{key.expiresAt == null ? t('never') : <When at={key.expiresAt} />}</Fact>
      {key.nextProbeAt != null && restsOf(key, now).length > 0 && (
        <Fact name={t('nextProbe')}>
          <When at={key.nextProbeAt} />
        </Fact>
      )}
      {(all || limits !== t('none')) && <Fact name={t('limits')}>{limits}</Fact>}
      {all && (
        <>
          <Fact name={t('verified')}>{key.verifiedAt == null ? t('never') : <When at={key.verifiedAt} distance />}</Fact>
          <Fact name={t('since')}>
            <When at={key.createdAt} />
          </Fact>
          <Fact name={t('terms')}>{key.acceptedTerms ?? '–'}</Fact>
        </>
      )}
    </dl>
  );
}

/** All that a key may call. */
export function Models({ of: key }: { readonly of: Key }) {
  const t = useKeysWords();
  return (
    <div>
      <Text size="xs" c="dimmed">
        {t('models')} ({key.models.length})
      </Text>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {key.models.join(', ')}
      </Text>
    </div>
  );
}
