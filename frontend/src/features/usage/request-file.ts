import type { UsageRequestsQuery } from '../../graphql/graphql.ts';
import { csv } from '../../shared/csv.ts';

export type UsageRow = UsageRequestsQuery['usageLogs']['edges'][number]['node'];

const header = ['time', 'request', 'status', 'model', 'requested_model', 'endpoint', 'prompt_tokens', 'cached_tokens', 'completion_tokens', 'latency_ms', 'streamed', 'estimated', 'credits', 'error'];

/** Requests as a CSV file: times in UTC, amounts exact. */
export function requestFile(rows: readonly UsageRow[]): string {
  return csv([
    header,
    ...rows.map((row) => [
      row.createdAt,
      row.id,
      row.status,
      row.model,
      row.requestedModel,
      row.endpoint,
      String(row.promptTokens),
      String(row.cachedTokens),
      String(row.completionTokens),
      String(row.latencyMs),
      String(row.streamed),
      String(row.estimated),
      row.creditsCharged ?? '',
      row.errorCode ?? '',
    ]),
  ]);
}
