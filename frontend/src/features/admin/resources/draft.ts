import type { AdminKeyProvidersQuery, AdminKeyWholeFragment, DepositInput, AdminLimitKeyMutationVariables, ResourceStatus, SuspendedBy } from '../../../graphql/graphql.ts';
import { parseAmount } from '../../../shared/money.ts';

export type Provider = AdminKeyProvidersQuery['providers'][number];

/** The form of a platform key. */
export interface Draft {
  readonly provider: string;
  readonly apiKey: string;
  readonly quota: string;
  readonly label: string;
  readonly baseUrl: string;
  /** A day, as 2026-01-31; empty: none. */
  readonly expires: string;
  readonly backup: boolean;
}

export const blank: Draft = { provider: '', apiKey: '', quota: '', label: '', baseUrl: '', expires: '', backup: false };

export type DraftFault = 'needProvider' | 'needKey' | 'quotaBad' | 'needUrl' | 'expiresSoon';

/** What is wrong with the form, by field. */
export function faultsOf(draft: Draft, providers: readonly Provider[], now: Date = new Date()): Partial<Record<keyof Draft, DraftFault>> {
  const provider = providers.find(({ key }) => key === draft.provider);
  const quota = parseAmount(draft.quota);
  const end = endOf(draft.expires);
  return {
    ...(provider === undefined ? { provider: 'needProvider' as const } : {}),
    ...(draft.apiKey.trim().length < 8 ? { apiKey: 'needKey' as const } : {}),
    ...(quota === undefined || quota <= 0n ? { quota: 'quotaBad' as const } : {}),
    ...(provider?.customBaseUrl === true && !isUrl(draft.baseUrl.trim()) ? { baseUrl: 'needUrl' as const } : {}),
    ...(end !== undefined && end.getTime() - now.getTime() < 24 * 60 * 60 * 1000 ? { expires: 'expiresSoon' as const } : {}),
  };
}

const isUrl = (text: string) => /^https?:\/\/[^\s/]+/u.test(text) && URL.canParse(text);

/** The end of a day of the reader's. */
function endOf(day: string): Date | undefined {
  if (day === '') {
    return undefined;
  }
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + 1);
}

/** The form as the API takes it. */
export function inputOf(draft: Draft, providers: readonly Provider[], idempotencyKey: string): DepositInput {
  const custom = providers.find(({ key }) => key === draft.provider)?.customBaseUrl === true;
  return {
    provider: draft.provider,
    apiKey: draft.apiKey.trim(),
    quota: draft.quota.trim(),
    label: draft.label.trim() === '' ? null : draft.label.trim(),
    baseUrl: custom ? draft.baseUrl.trim() : null,
    expiresAt: endOf(draft.expires)?.toISOString() ?? null,
    backup: draft.backup,
    idempotencyKey,
  };
}

/** What an admin can do with a key. */
export type Act = 'verify' | 'pause' | 'resume' | 'lift' | 'suspend' | 'limit';

/** What the server would do in this state, as its contract has it. */
export function actsOf({ status, suspendedBy }: { readonly status: ResourceStatus; readonly suspendedBy: SuspendedBy | null }): readonly Act[] {
  switch (status) {
    case 'ACTIVE':
      return ['verify', 'pause', 'limit', 'suspend'];
    case 'PAUSED':
      return ['resume', 'verify', 'limit', 'suspend'];
    case 'SUSPENDED':
      return suspendedBy === 'PROVIDER' ? ['verify', 'limit', 'suspend'] : ['lift', 'limit'];
    case 'DEPLETED':
    case 'EXPIRED':
    case 'WITHDRAWN':
      return [];
  }
}

/** The limits as they are typed; empty: none. */
export interface Limits {
  readonly maxConcurrency: string;
  readonly maxRequestsPerMinute: string;
  readonly maxTokensPerMinute: string;
}

export const limitNames = ['maxConcurrency', 'maxRequestsPerMinute', 'maxTokensPerMinute'] as const satisfies readonly (keyof Limits)[];

export const limitsOf = (key: AdminKeyWholeFragment): Limits => ({
  maxConcurrency: key.maxConcurrency?.toString() ?? '',
  maxRequestsPerMinute: key.maxRequestsPerMinute?.toString() ?? '',
  maxTokensPerMinute: key.maxTokensPerMinute?.toString() ?? '',
});

/** A whole number that an Int holds, or nothing. */
export const isLimit = (text: string): boolean => text.trim() === '' || (/^\d{1,10}$/u.test(text.trim()) && Number(text) <= 2_147_483_647);

const number = (text: string) => (text.trim() === '' ? null : Number(text));

export function limitVariables(id: string, limits: Limits, reason: string): AdminLimitKeyMutationVariables {
  return {
    id,
    maxConcurrency: number(limits.maxConcurrency),
    maxRequestsPerMinute: number(limits.maxRequestsPerMinute),
    maxTokensPerMinute: number(limits.maxTokensPerMinute),
    reason: reason.trim() === '' ? null : reason.trim(),
  };
}
