import { noSettings, type Settings, type Turn } from './conversation.ts';

// A conversation is kept by this tab alone and ends with it.
const place = 'pool.playground';

export interface Kept {
  readonly turns: readonly Turn[];
  readonly settings: Settings;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string';

const ended = (turn: Turn): Turn => (turn.state === 'streaming' || turn.state === 'settling' ? { ...turn, state: 'lost' } : turn);

const isTurn = (value: unknown): value is Turn => isRecord(value) && ['id', 'model', 'question', 'answer', 'state'].every((field) => isText(value[field]));

/** What this tab keeps of a person; another's is forgotten. */
export function recall(owner: string): Kept {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(place) ?? 'null');
    if (isRecord(kept) && kept['owner'] === owner && Array.isArray(kept['turns']) && isRecord(kept['settings'])) {
      const settings = Object.fromEntries(Object.entries(kept['settings']).filter(([, value]) => isText(value)));
      // What was under way when the page went away has ended with it.
      const turns = kept['turns'].filter(isTurn).map(ended);
      return { turns, settings: { ...noSettings, ...settings } };
    }
    sessionStorage.removeItem(place);
  } catch {
    // A tab without storage has nothing to recall.
  }
  return { turns: [], settings: noSettings };
}

/** Keeps a conversation for as long as the tab is open. */
export function keep(owner: string, { turns, settings }: Kept) {
  try {
    sessionStorage.setItem(place, JSON.stringify({ owner, turns, settings }));
  } catch {
    // It is full or forbidden: the conversation lasts as long as the page.
  }
}
