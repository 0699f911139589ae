import { csv } from './csv.ts';
import type { Names } from './use-names.ts';
import type { Row } from './rows.ts';

const header = ['seq', 'time', 'kind', 'consumer', 'consumer_id', 'key_of', 'key', 'key_id', 'model', 'prompt_tokens', 'completion_tokens', 'cost_usd', 'credits', 'profit_credits', 'routing_reason', 'memo'];

/** The rows as a CSV file, newest first: times in UTC, amounts exact. */
export function ledgerFile(rows: readonly Row[], names: Names): string {
  return csv([
    header,
    ...rows.map((row) => {
      const key = row.key === undefined ? undefined : names.get(row.key.id);
      return [
        String(row.seq),
        row.at,
        row.kind,
        row.person?.name ?? names.get(row.person?.id ?? '')?.name ?? '',
        row.person?.id ?? '',
        row.use?.resourceOwner?.displayName ?? (row.use?.resource?.ownerType === 'PLATFORM' ? 'platform' : (key?.owner ?? '')),
        row.key?.name ?? key?.name ?? '',
        row.key?.id ?? '',
        row.use?.model ?? '',
        row.use === undefined ? '' : String(row.use.promptTokens),
        row.use === undefined ? '' : String(row.use.completionTokens),
        row.cost ?? '',
        row.credits ?? '',
        row.profit ?? '',
        row.use?.routingReason ?? '',
        row.memo,
      ];
    }),
  ]);
}
