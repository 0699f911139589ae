import type { UsageRequestQuery } from '../../graphql/graphql.ts';
import type { UsageRow } from './request-file.ts';

/** What the tests of these pages look at. */
export const request: UsageRow = {
  id: 'use_1',
  createdAt: '2026-01-01T12:34:56.902Z',
  status: 'SUCCEEDED',
  model: 'gpt-4',
  requestedModel: 'gpt-4',
  endpoint: 'chat',
  promptTokens: 2000,
  cachedTokens: 0,
  completionTokens: 1000,
  latencyMs: 420,
  streamed: false,
  estimated: false,
  creditsCharged: '10',
  errorCode: null,
  user: { id: 'usr_tom' },
};

export const failed: UsageRow = { ...request, id: 'use_2', status: 'FAILED', creditsCharged: '0', completionTokens: 0, errorCode: 'UPSTREAM_FAILED' };

export const opened: UsageRequestQuery = {
  node: {
    ...request,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    attempts: 1,
    transaction: {
      id: 'txn_7',
      seq: '7',
      createdAt: '2026-01-01T12:34:56.902Z',
      memo: 'gpt-4',
      hash: 'ab12',
      postings: [
        { account: 'wallet:usr_tom', asset: 'CREDIT', amount: '-10' },
        { account: 'platform.revenue', asset: 'CREDIT', amount: '10' },
      ],
      proof: { index: '6', size: '9' },
    },
  },
};
