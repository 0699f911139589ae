import type { Client, CombinedError } from 'urql';
import { onEnd, pipe, subscribe } from 'wonka';
import { LedgerFeedDocument, type LedgerFeedSubscription, LedgerPageDocument, type LedgerTransactionFilter } from '../../graphql/graphql.ts';
import { problemOf } from '../../shared/problem.ts';
import { type Books, close, empty, limit, read, tell, type Told } from './books.ts';
import { asked, type LedgerSearch } from './filters.ts';
import { type Row, rowOf } from './rows.ts';

const pageSize = 100;
/** What comes close together is shown together. */
const gatherFor = 50;
/** Without word from the feed for so long, the books are asked whether there is any. */
const quietFor = 15_000;
/** A server that goes down is not asked at once. */
const againAfter = 1000;
/** The feed starts at some moment near the one when the first page was read: a second later both are there. */
const settledAfter = 1000;
/** How far before the newest row a look at the books begins. */
const lookBack = 5000;

/** What the page shows. */
export interface Live {
  readonly books: Books;
  /** Whether the starting page has come. */
  readonly started: boolean;
  readonly error?: CombinedError;
  /** Whether older rows can be read, and whether they are on their way. */
  readonly older: 'some' | 'coming' | 'none';
  /** When the feed last told something, on the clock of this browser. */
  readonly heard?: number;
}

type Asked = Pick<LedgerSearch, 'kind' | 'person'>;

let pages = 0;

// The cache joins pages of the same list into one. Pages of different moments have a gap between them, so every one has an
// end of its own to be told apart by, far in the future.
const farAway = () => {
  pages += 1;
  return new Date(Date.UTC(3000, 0, 1) + Date.now() + pages).toISOString();
};

/**
 * Follows the ledger: a starting page, then the feed. A connection that broke goes on from the last cursor, and what the
 * feed jumped over is read from the books, so that no row is missing and none is there twice.
 */
export class LiveLedger {
  readonly #client: Client;
  readonly #asked: Asked;
  readonly #listeners = new Set<() => void>();
  #live: Live = { books: empty, started: false, older: 'none' };
  #after: string | null = null;
  #gathered: Told[] = [];
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #stopFeed = () => {};
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #quiet: ReturnType<typeof setInterval> | undefined;
  #looking = false;
  #running = false;

  constructor(client: Client, wanted: Asked) {
    this.#client = client;
    this.#asked = wanted;
  }

  readonly live = () => this.#live;

  readonly onChange = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Starts; returns what stops. */
  readonly start = () => {
    this.#running = true;
    this.#listen();
    void this.#readStart();
    this.#quiet = setInterval(() => {
      if (Date.now() - (this.#live.heard ?? 0) >= quietFor) {
        void this.#look();
      }
    }, quietFor);
    return () => {
      this.#running = false;
      this.#stopFeed();
      clearInterval(this.#quiet);
      for (const timer of this.#timers) {
        clearTimeout(timer);
      }
      this.#timers.clear();
      this.#take();
    };
  };

  /** The connection broke: the feed that comes with the next one goes on where this one was. */
  readonly broke = () => {
    if (this.#running) {
      this.#take();
      this.#listen();
    }
  };

  /** There is a connection again. */
  readonly mended = () => {
    if (this.#live.error !== undefined) {
      this.again();
    } else {
      this.#later(settledAfter, () => void this.#look());
    }
  };

  readonly again = () => {
    this.#set({ error: undefined });
    this.#listen();
    void this.#readStart();
  };

  /** Reads the page before the oldest row. */
  readonly readOlder = async () => {
    if (this.#live.older !== 'some') {
      return;
    }
    this.#set({ older: 'coming' });
    const page = await this.#page({}, this.#after);
    this.#set(page === undefined ? { older: 'some' } : { books: read(this.#live.books, page.rows) });
    this.#turn(page);
  };

  async #readStart() {
    const page = await this.#page({}, null);
    if (page !== undefined) {
      this.#set({ books: read(this.#live.books, page.rows), started: true });
      this.#turn(page);
      this.#later(settledAfter, () => void this.#look());
    }
  }

  #turn(page: { readonly more: boolean; readonly after: string | null } | undefined) {
    if (page !== undefined) {
      this.#after = page.after;
      this.#set({ older: page.more && this.#live.books.rows.length < limit ? 'some' : 'none' });
    }
  }

  /** Reads from the books what was booked since the newest row, in case the feed did not tell. */
  async #look() {
    if (this.#looking || !this.#live.started) {
      return;
    }
    this.#looking = true;
    const newest = this.#live.books.rows[0];
    const from = newest === undefined ? {} : { from: new Date(new Date(this.#since(newest)).getTime() - lookBack).toISOString() };
    let after: string | null = null;
    do {
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      const page = await this.#page(from, after, Date.now());
      if (page === undefined) {
        break;
      }
      this.#set({ books: page.more ? read(this.#live.books, page.rows) : close(read(this.#live.books, page.rows)) });
      after = page.more ? page.after : null;
    } while (after !== null && this.#running && this.#live.books.rows.length < limit);
    this.#looking = false;
  }

  // What a jump left out is older than the newest row; the rows around it are near the top.
  #since(newest: Row): string {
    const { rows, gap } = this.#live.books;
    return gap ? (rows[Math.min(rows.length - 1, pageSize)]?.at ?? newest.at) : newest.at;
  }

  async #page(range: Pick<LedgerTransactionFilter, 'from'>, after: string | null, arrived?: number) {
    const { kind, person } = this.#asked;
    const filter = { ...range, to: farAway(), ...(kind === undefined ? {} : { kind: [kind] }), ...(person === undefined ? {} : { userId: person }) };
    const { data, error } = await this.#client.query(LedgerPageDocument, { first: pageSize, after, filter }, { requestPolicy: 'network-only' }).toPromise();
    if (data == null) {
      if (error !== undefined && this.#running && !this.#live.started) {
        this.#set({ error });
      }
      return undefined;
    }
    const { edges, pageInfo } = data.ledgerTransactions;
    return { rows: edges.map(({ node }) => rowOf(node, node.usageLog, arrived)), more: pageInfo.hasNextPage, after: pageInfo.endCursor };
  }

  #listen() {
    this.#stopFeed();
    let over = false;
    const ended = () => {
      if (!over) {
        over = true;
        this.#later(againAfter, () => this.#listen());
      }
    };
    const { unsubscribe } = pipe(
      this.#client.subscription(LedgerFeedDocument, { after: this.#live.books.cursor ?? null }),
      onEnd(ended),
      subscribe(({ data, error }) => {
        if (data != null) {
          this.#gather(data.transactionFeed);
        } else if (error !== undefined) {
          this.#refused(error, ended);
        }
      }),
    );
    this.#stopFeed = () => {
      over = true;
      unsubscribe();
    };
  }

  #refused(error: CombinedError, ended: () => void) {
    const { code } = problemOf(error);
    if (code === 'BAD_USER_INPUT') {
      // The cursor is of another pool, or of one that was restored: what is shown is not in these books.
      this.#set({ books: empty, started: false, older: 'none' });
      void this.#readStart();
    }
    if (['FORBIDDEN', 'UNAUTHENTICATED'].includes(code)) {
      this.#set({ error });
    } else {
      ended();
    }
  }

  #gather({ cursor, transaction, usage }: LedgerFeedSubscription['transactionFeed']) {
    const row = rowOf(transaction, usage, Date.now());
    this.#gathered.push({ cursor, seq: row.seq, ...(asked(row, this.#asked) ? { row } : {}) });
    this.#gathering ??= setTimeout(() => this.#take(), gatherFor);
  }

  #take() {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#gathered.length > 0) {
      const books = tell(this.#live.books, this.#gathered);
      this.#gathered = [];
      this.#set({ books, heard: Date.now() });
      if (books.gap) {
        void this.#look();
      }
    }
  }

  #later(after: number, act: () => void) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#running) {
        act();
      }
    }, after);
    this.#timers.add(timer);
  }

  #set(change: { readonly [K in keyof Live]?: Live[K] | undefined }) {
    this.#live = { ...this.#live, ...change } as Live;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
