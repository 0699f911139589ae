import { useCallback, useContext, useEffect, useReducer, useRef } from 'react';
import { type Client, useClient } from 'urql';
import { filter, onEnd, pipe, subscribe, take, toPromise } from 'wonka';
import { type CompleteInput, PlaygroundReceiptsDocument, PlaygroundStreamDocument, type ReceiptFragment } from '../../graphql/graphql.ts';
import { ApiContext } from '../../shared/api.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { type Action, bookedSince, converse, newId, type Turn } from './conversation.ts';

const patience = { tries: 12, every: 500 };

/** The newest requests of who is signed in, and their wallet with them. */
async function newest(client: Client): Promise<readonly ReceiptFragment[] | undefined> {
  const { data } = await pipe(
    client.query(PlaygroundReceiptsDocument, {}, { requestPolicy: 'network-only' }),
    filter(({ stale }) => !stale),
    take(1),
    toPromise,
  );
  return data?.viewer?.usageLogs.edges.map(({ node }) => node);
}

/** Looks up what an answer that ended early was charged; the server books it in its own time. */
async function settled(client: Client, model: string, before: Promise<readonly ReceiptFragment[] | undefined>): Promise<ReceiptFragment | undefined> {
  const known = new Set((await before)?.map(({ id }) => id));
  for (let n = 0; n < patience.tries; n += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await new Promise((after) => setTimeout(after, patience.every));
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const found = bookedSince((await newest(client)) ?? [], known, model);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** An answer that is under way. */
interface Running {
  /** Ends it now; its subscription goes, and with it the provider's work. */
  readonly end: (state: 'stopped' | 'lost') => void;
  /** Ends it without looking back: the page goes. */
  readonly leave: () => void;
}

interface Asked {
  readonly client: Client;
  readonly turn: Turn;
  readonly input: CompleteInput;
  readonly tell: (action: Action) => void;
  readonly over: () => void;
}

/** Streams an answer, and tells what becomes of it. */
function run({ client, turn: { id, model }, input, tell, over }: Asked): Running {
  const before = newest(client);
  let pieces = '';
  let frame = 0;
  let ended = false;
  let complete = false;
  const change = (to: Partial<Omit<Turn, 'id'>>) => tell({ kind: 'change', id, change: to });
  // Pieces may come faster than the screen shows them.
  const flush = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (pieces !== '') {
      tell({ kind: 'piece', id, text: pieces });
      pieces = '';
    }
  };
  const finish = () => {
    if (!ended) {
      ended = true;
      flush();
      over();
    }
  };
  const fail = (problem: Problem) => {
    finish();
    change({ state: 'failed', problem });
  };
  const { unsubscribe } = pipe(
    client.subscription(PlaygroundStreamDocument, { input }),
    onEnd(() => {
      if (!ended && !complete) {
        fail({ code: 'UPSTREAM_FAILED', message: 'the answer ended without its end', extensions: {} });
      }
      finish();
    }),
    subscribe(({ data, error, hasNext }) => {
      // What says that nothing follows has the last piece once more.
      const repeated = hasNext === false && error === undefined;
      if (repeated || (ended && !complete)) {
        return;
      }
      const chunk = data?.completionStream;
      if (chunk != null && error === undefined) {
        pieces += chunk.text;
        if (frame === 0) {
          frame = requestAnimationFrame(flush);
        }
        if (chunk.payload != null) {
          const { completion, usage } = chunk.payload;
          complete = true;
          finish();
          change({ state: 'done', answer: completion.content, finish: completion.finishReason, receipt: usage });
        }
      }
      // After the last piece, it says why the answer is not whole.
      if (error !== undefined) {
        fail(problemOf(error));
      }
    }),
  );
  const end = (state: 'stopped' | 'lost') => {
    if (ended) {
      return;
    }
    finish();
    unsubscribe();
    change({ state: 'settling' });
    void settled(client, model, before).then(
      (receipt) => change({ state, ...(receipt === undefined ? {} : { receipt }) }),
      () => change({ state }),
    );
  };
  const leave = () => {
    ended = true;
    cancelAnimationFrame(frame);
    unsubscribe();
  };
  return { end, leave };
}

/** A conversation with the pool: what was said, and how to go on. */
export function useConversation(initial: readonly Turn[]) {
  const client = useClient();
  const api = useContext(ApiContext);
  const [turns, tell] = useReducer(converse, initial);
  const running = useRef<Running>(undefined);

  // The live connection would ask again by itself once it is back, for an answer that is charged already.
  useEffect(() => api?.onConnection((connection) => connection === 'broken' && running.current?.end('lost')), [api]);
  useEffect(() => () => running.current?.leave(), []);

  const ask = useCallback(
    (question: string, input: Omit<CompleteInput, 'idempotencyKey'>, instead?: string) => {
      if (running.current !== undefined) {
        return;
      }
      const turn: Turn = { id: newId(), model: input.model, question, answer: '', state: 'streaming' };
      const place = instead === undefined ? {} : { instead };
      if (!navigator.onLine || api?.connection() === 'broken') {
        tell({ kind: 'ask', ...place, turn: { ...turn, state: 'failed', problem: { code: 'OFFLINE', message: 'no connection', extensions: {} } } });
        return;
      }
      tell({ kind: 'ask', ...place, turn });
      let over = false;
      const begun = run({
        client,
        turn,
        input: { ...input, idempotencyKey: turn.id },
        tell,
        over: () => {
          over = true;
          running.current = undefined;
        },
      });
      running.current = over ? undefined : begun;
    },
    [api, client],
  );
  const stop = useCallback(() => running.current?.end('stopped'), []);
  const clear = useCallback(() => {
    running.current?.end('stopped');
    tell({ kind: 'clear' });
  }, []);
  return { turns, ask, stop, clear };
}
