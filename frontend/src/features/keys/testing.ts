import type { Key } from './state.ts';

/** A key that serves, for tests. */
export function aKey(more: Partial<Key> = {}): Key {
  return {
    id: 'res_1', provider: 'openai', label: 'Work', maskedKey: 'sk-…9f3c', models: ['gpt-4'], originalQuota: '1000', currentQuota: '312.4', reservedQuota: '12.4', quotaConfirmed: false,
    status: 'ACTIVE', statusReason: null, suspendedBy: null, repairBy: null, expiresAt: null, verifiedAt: '2026-01-01T00:00:00Z', totalRequests: '1240', successRate: 0.995,
    averageLatencyMs: 420, lastUsedAt: '2026-01-02T03:04:05Z', createdAt: '2026-01-01T00:00:00Z', nextProbeAt: null, maxConcurrency: null, maxRequestsPerMinute: null, maxTokensPerMinute: null,
    acceptedTerms: 'v1', rests: [], ...more,
  };
}
