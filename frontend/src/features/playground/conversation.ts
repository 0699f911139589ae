import type { FinishReason, MessageInput, ReceiptFragment } from '../../graphql/graphql.ts';
import type { Problem } from '../../shared/problem.ts';
import type { SnippetMessage } from '../../shared/snippets.ts';

/** How an answer stands. settling: it ended early, and what was charged is being looked up. */
export type TurnState = 'streaming' | 'settling' | 'done' | 'stopped' | 'lost' | 'failed';

/** What an answer cost. */
export type Receipt = Pick<ReceiptFragment, 'id' | 'creditsCharged' | 'promptTokens' | 'completionTokens' | 'latencyMs' | 'estimated'>;

/** A question and its answer. */
export interface Turn {
  readonly id: string;
  readonly model: string;
  readonly question: string;
  readonly answer: string;
  readonly state: TurnState;
  readonly finish?: FinishReason;
  readonly receipt?: Receipt;
  readonly problem?: Problem;
}

export interface Settings {
  readonly model: string;
  readonly cap: string;
  readonly temperature: string;
  readonly system: string;
}

export const noSettings: Settings = { model: '', cap: '', temperature: '', system: '' };

export type Action =
  | { readonly kind: 'ask'; readonly turn: Turn; readonly instead?: string }
  | { readonly kind: 'piece'; readonly id: string; readonly text: string }
  | { readonly kind: 'change'; readonly id: string; readonly change: Partial<Omit<Turn, 'id'>> }
  | { readonly kind: 'clear' };

/** What a conversation is after something happened. */
export function converse(turns: readonly Turn[], action: Action): readonly Turn[] {
  switch (action.kind) {
    case 'ask':
      return [...turns.filter(({ id }) => id !== action.instead), action.turn];
    case 'piece':
      return turns.map((turn) => (turn.id === action.id ? { ...turn, answer: turn.answer + action.text } : turn));
    case 'change':
      return turns.map((turn) => (turn.id === action.id ? { ...turn, ...action.change } : turn));
    case 'clear':
      return [];
  }
}

/** Whether an answer is under way. */
export const isRunning = (turns: readonly Turn[]) => turns.some(({ state }) => state === 'streaming');

/** What has been said, to go on from; a question that nothing came of was not answered and is left out. */
export function said(turns: readonly Turn[], system: string, question?: string): readonly SnippetMessage[] {
  const whole: SnippetMessage[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
  for (const turn of turns) {
    if (turn.answer !== '') {
      whole.push({ role: 'user', content: turn.question }, { role: 'assistant', content: turn.answer });
    }
  }
  return question === undefined ? whole : [...whole, { role: 'user', content: question }];
}

const roles = { system: 'SYSTEM', user: 'USER', assistant: 'ASSISTANT' } as const;

/** The same, as the API takes it. */
export const messagesOf = (messages: readonly SnippetMessage[]): readonly MessageInput[] => messages.map(({ role, content }) => ({ role: roles[role], content }));

/** The cap in a field; null for none, undefined for what is no cap. */
export function capOf(text: string): number | null | undefined {
  const told = text.trim();
  if (told === '') {
    return null;
  }
  return /^[1-9]\d{0,8}$/u.test(told) ? Number(told) : undefined;
}

/** The temperature in a field; null for none, undefined for what is no temperature. */
export function temperatureOf(text: string): number | null | undefined {
  const told = text.trim().replace(',', '.');
  if (told === '') {
    return null;
  }
  return /^\d(?:\.\d{0,3})?$/u.test(told) && Number(told) <= 2 ? Number(told) : undefined;
}

/** Of the newest requests the one that is new, streamed and of this model: what an answer that was stopped was booked as. */
export function bookedSince<R extends Pick<ReceiptFragment, 'id' | 'createdAt' | 'model' | 'streamed' | 'endpoint'>>(rows: readonly R[], known: ReadonlySet<string>, model: string): R | undefined {
  return rows
    .filter((row) => !known.has(row.id) && row.streamed && row.endpoint === 'chat' && row.model === model)
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
}

/** An id that nobody else has. Pages that did not come over HTTPS have no randomUUID. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
