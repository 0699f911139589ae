import { type Problem } from '../../shared/problem.ts';
import { save } from '../../shared/save.ts';

/** Where the server has the receipt of a transaction. */
export const receiptPath = (seq: string) => `/receipts/${encodeURIComponent(seq)}`;

interface Refusal {
  readonly errors?: readonly { readonly message?: string; readonly extensions?: { readonly code?: string } }[];
}

/** Has the browser keep the receipt of a transaction; returns what stood in the way of it. */
export async function fetchReceipt(seq: string): Promise<Problem | undefined> {
  try {
    const answer = await fetch(receiptPath(seq), { credentials: 'same-origin' });
    if (answer.ok) {
      save(`receipt-${seq}.json`, await answer.blob());
      return undefined;
    }
    const { errors } = (await answer.json()) as Refusal;
    return { code: errors?.[0]?.extensions?.code ?? 'INTERNAL', message: errors?.[0]?.message ?? '', extensions: {} };
  } catch (error) {
    return { code: 'OFFLINE', message: error instanceof Error ? error.message : '', extensions: {} };
  }
}
