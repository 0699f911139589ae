// What the live ledger knows of the books. The feed tells every transaction once and in order; over a broken connection
// some come twice, and pages that are read beside it overlap. Here every one is kept once, by its place in the books.
import type { Row } from './rows.ts';

/** The most rows that are kept. */
export const limit = 10_000;

export interface Books {
  /** Newest first, each once. */
  readonly rows: readonly Row[];
  /** Where the feed goes on. */
  readonly cursor?: string;
  /** The last place that the feed told. */
  readonly told?: bigint;
  /** Whether the feed jumped over a place: what is there has to be read. */
  readonly gap: boolean;
}

export const empty: Books = { rows: [], gap: false };

/** What the feed told: a row, or nothing where it is not of those that are looked at. */
export interface Told {
  readonly cursor: string;
  readonly seq: bigint;
  readonly row?: Row;
}

/** Takes in what the feed told, in its order. What it told before counts once. */
export function tell(books: Books, events: readonly Told[]): Books {
  const fresh: Row[] = [];
  let { cursor, told, gap } = books;
  for (const event of events) {
    if (told !== undefined && event.seq <= told) {
      continue;
    }
    gap ||= told !== undefined && event.seq !== told + 1n;
    ({ cursor, seq: told } = event);
    if (event.row !== undefined) {
      fresh.push(event.row);
    }
  }
  if (told === undefined || told === books.told) {
    return books;
  }
  return { rows: merge(books.rows, fresh), told, gap, ...(cursor === undefined ? {} : { cursor }) };
}

/** Takes in what was read beside the feed. */
export function read(books: Books, rows: readonly Row[]): Books {
  const merged = merge(books.rows, rows);
  return merged === books.rows ? books : { ...books, rows: merged };
}

/** Says that what the feed jumped over has been read. */
export function close(books: Books): Books {
  return books.gap ? { ...books, gap: false } : books;
}

const newestFirst = (a: Row, b: Row) => (a.seq > b.seq ? -1 : a.seq < b.seq ? 1 : 0);

// Both are merged in one go; the row that was there first stays, so that nothing blinks.
function merge(old: readonly Row[], more: readonly Row[]): readonly Row[] {
  const coming = more.toSorted(newestFirst);
  const merged: Row[] = [];
  let [i, j, added] = [0, 0, false];
  while (merged.length < limit) {
    const mine = old[i];
    const other = coming[j];
    const taken = mine !== undefined && (other === undefined || mine.seq >= other.seq) ? mine : other;
    if (taken === undefined) {
      break;
    }
    const known = taken.seq === merged.at(-1)?.seq;
    if (taken === mine) {
      i += 1;
    } else {
      j += 1;
      added ||= !known;
    }
    if (!known) {
      merged.push(taken);
    }
  }
  return added ? merged : old;
}

/** How many rows are newer than a place. */
export function newerThan(rows: readonly Row[], seq: bigint | undefined): number {
  if (seq === undefined) {
    return 0;
  }
  const known = rows.findIndex((row) => row.seq <= seq);
  return known === -1 ? rows.length : known;
}

/** How many rows were booked within the last minute. */
export function perMinute(rows: readonly Row[], now: number): number {
  const since = now - 60_000;
  const older = rows.findIndex((row) => new Date(row.at).getTime() < since);
  return older === -1 ? rows.length : older;
}
