import { type Client, CombinedError } from 'urql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeSubject } from 'wonka';
import { LiveLedger } from './live-ledger.ts';
import { entry, use } from './testing.ts';

interface Asked {
  readonly after: string | null;
  readonly filter: { readonly from?: string; readonly to: string; readonly userId?: string };
}

/** The books and the feed of a server, which says when what is told. */
function server() {
  const booked: number[] = [];
  const pages: Asked[] = [];
  const feeds: { after: string | null; open: boolean; tell: (...seqs: number[]) => void; refuse: (code: string) => void; end: () => void }[] = [];
  const client = {
    query: (_: unknown, variables: Asked & { first: number }) => {
      pages.push(variables);
      const below = variables.after === null ? Number.POSITIVE_INFINITY : Number(variables.after);
      const all = booked.toSorted((a, b) => b - a).filter((seq) => seq < below);
      const nodes = all.slice(0, variables.first);
      return {
        toPromise: () =>
          Promise.resolve({
            data: {
              ledgerTransactions: {
                edges: nodes.map((seq) => ({ cursor: String(seq), node: { ...entry(seq), usageLog: use } })),
                pageInfo: { hasNextPage: all.length > nodes.length, endCursor: String(nodes.at(-1) ?? '') },
              },
            },
          }),
      };
    },
    subscription: (_: unknown, { after }: { after: string | null }) => {
      const { source, next, complete } = makeSubject<unknown>();
      const feed = {
        after,
        open: true,
        tell: (...seqs: number[]) => {
          for (const seq of seqs) {
            next({ data: { transactionFeed: { cursor: `cursor ${seq}`, transaction: entry(seq), usage: use } } });
          }
        },
        refuse: (code: string) => next({ error: new CombinedError({ graphQLErrors: [{ message: code, extensions: { code } }] }) }),
        end: complete,
      };
      feeds.push(feed);
      return source;
    },
  } as unknown as Client;
  return { client, booked, pages, feeds };
}

const seqs = (ledger: LiveLedger) => ledger.live().books.rows.map(({ seq }) => Number(seq));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const newestFirst = (from: number, to: number) => range(from, to).toReversed();

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function begin(...booked: number[]) {
  const pool = server();
  pool.booked.push(...booked);
  const ledger = new LiveLedger(pool.client, {});
  const stop = ledger.start();
  await vi.advanceTimersByTimeAsync(100);
  return { ...pool, ledger, stop };
}

describe('the live ledger', () => {
  it('begins with a page and goes on with the feed', async () => {
    const { ledger, feeds } = await begin(1, 2);
    expect(seqs(ledger)).toEqual([2, 1]);
    feeds[0]?.tell(3, 4);
    await vi.advanceTimersByTimeAsync(100);
    expect(seqs(ledger)).toEqual([4, 3, 2, 1]);
    expect(ledger.live().heard).toBeDefined();
  });

  it('reads what was booked between the page and the feed', async () => {
    const { ledger, booked } = await begin(1);
    booked.push(2);
    await vi.advanceTimersByTimeAsync(1200);
    expect(seqs(ledger)).toEqual([2, 1]);
  });

  it('goes on from its last cursor when the connection broke', async () => {
    const { ledger, feeds } = await begin(1);
    feeds[0]?.tell(2, 3); // not shown yet
    ledger.broke();
    expect(feeds.map(({ after }) => after)).toEqual([null, 'cursor 3']);
    feeds[0]?.tell(4); // of the old one: heard by nobody
    feeds[1]?.tell(3, 4, 5);
    await vi.advanceTimersByTimeAsync(100);
    expect(seqs(ledger)).toEqual([5, 4, 3, 2, 1]);
  });

  it('fills what was booked while the connection was broken before the feed had told anything', async () => {
    const { ledger, booked, feeds } = await begin(1);
    await vi.advanceTimersByTimeAsync(2000);
    ledger.broke();
    booked.push(...range(2, 250));
    ledger.mended();
    await vi.advanceTimersByTimeAsync(1500);
    feeds[1]?.tell(251);
    await vi.advanceTimersByTimeAsync(100);
    expect(seqs(ledger)).toEqual(newestFirst(1, 251));
  });

  it('reads what the feed jumped over', async () => {
    const { ledger, booked, feeds } = await begin(1);
    await vi.advanceTimersByTimeAsync(2000);
    booked.push(2, 3, 4, 5);
    feeds[0]?.tell(2, 5);
    await vi.advanceTimersByTimeAsync(200);
    expect(seqs(ledger)).toEqual([5, 4, 3, 2, 1]);
    expect(ledger.live().books.gap).toBe(false);
  });

  it('asks the books where the feed is quiet', async () => {
    const { ledger, booked } = await begin(1);
    await vi.advanceTimersByTimeAsync(2000);
    booked.push(2);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(seqs(ledger)).toEqual([2, 1]);
  });

  it('listens again where the server ends the feed', async () => {
    const { feeds } = await begin(1);
    feeds[0]?.tell(2);
    await vi.advanceTimersByTimeAsync(100);
    feeds[0]?.end();
    await vi.advanceTimersByTimeAsync(1100);
    expect(feeds.map(({ after }) => after)).toEqual([null, 'cursor 2']);
  });

  it('starts anew where its cursor is of other books', async () => {
    const { ledger, feeds } = await begin(1);
    feeds[0]?.tell(7);
    ledger.broke();
    feeds[1]?.refuse('BAD_USER_INPUT');
    await vi.advanceTimersByTimeAsync(1100);
    expect(seqs(ledger)).toEqual([1]);
    expect(feeds.at(-1)?.after).toBeNull();
  });

  it('says when it may not listen, and asks no more', async () => {
    const { ledger, feeds } = await begin(1);
    feeds[0]?.refuse('FORBIDDEN');
    await vi.advanceTimersByTimeAsync(5000);
    expect(ledger.live().error?.graphQLErrors[0]?.extensions['code']).toBe('FORBIDDEN');
    expect(feeds).toHaveLength(1);
  });

  it('reads older pages until there is none', async () => {
    const { ledger, pages } = await begin(...range(1, 250));
    expect(ledger.live().older).toBe('some');
    await ledger.readOlder();
    await ledger.readOlder();
    expect(seqs(ledger)).toEqual(newestFirst(1, 250));
    expect(ledger.live().older).toBe('none');
    expect(new Set(pages.map(({ filter }) => filter.to)).size).toBe(pages.length);
  });

  it('keeps out what is of other people and kinds', async () => {
    const pool = server();
    const ledger = new LiveLedger(pool.client, { person: 'usr_else', kind: 'USAGE' });
    ledger.start();
    await vi.advanceTimersByTimeAsync(100);
    pool.feeds[0]?.tell(1, 2);
    await vi.advanceTimersByTimeAsync(100);
    expect(ledger.live().books).toMatchObject({ rows: [], told: 2n, gap: false });
    expect(pool.pages[0]?.filter).toMatchObject({ userId: 'usr_else', kind: ['USAGE'] });
  });

  it('stops', async () => {
    const { ledger, stop, feeds } = await begin(1);
    stop();
    feeds[0]?.tell(2);
    feeds[0]?.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seqs(ledger)).toEqual([1]);
    expect(feeds).toHaveLength(1);
  });
});
