import { describe, expect, it } from 'vitest';
import { close, empty, limit, newerThan, perMinute, read, tell } from './books.ts';
import { fed, row } from './testing.ts';

const time = (minute: number) => `2026-01-01T00:0${minute}:00Z`;
const seqs = (books: { readonly rows: readonly { readonly seq: bigint }[] }) => books.rows.map(({ seq }) => Number(seq));

describe('what the feed tells', () => {
  it('is kept newest first', () => {
    const books = tell(tell(empty, [fed(1), fed(2)]), [fed(3)]);
    expect(seqs(books)).toEqual([3, 2, 1]);
    expect(books).toMatchObject({ cursor: 'cursor 3', told: 3n, gap: false });
  });
  it('counts once where a reconnect tells it again', () => {
    const books = tell(empty, [fed(1), fed(2), fed(3)]);
    expect(tell(books, [fed(2), fed(3)])).toBe(books);
    expect(seqs(tell(books, [fed(2), fed(3), fed(4), fed(5)]))).toEqual([5, 4, 3, 2, 1]);
    expect(tell(books, [fed(1), fed(2)]).cursor).toBe('cursor 3');
  });
  it('notices a place that it jumped over, until that has been read', () => {
    const books = tell(tell(empty, [fed(1)]), [fed(4)]);
    expect(books.gap).toBe(true);
    const filled = close(read(books, [row(2), row(3)]));
    expect(filled.gap).toBe(false);
    expect(seqs(filled)).toEqual([4, 3, 2, 1]);
  });
  it('goes on after a row that is not looked at', () => {
    const books = tell(tell(empty, [fed(1)]), [{ cursor: 'cursor 2', seq: 2n }, fed(3)]);
    expect(seqs(books)).toEqual([3, 1]);
    expect(books.gap).toBe(false);
  });
});

describe('what is read beside it', () => {
  it('is merged, each row once', () => {
    const books = tell(read(empty, [row(3), row(2), row(1)]), [fed(3), fed(4)]);
    expect(seqs(books)).toEqual([4, 3, 2, 1]);
    expect(read(books, [row(4), row(2)])).toBe(books);
  });
  it('keeps the row that was there first', () => {
    const first = row(1, { arrived: 5 });
    expect(read(read(empty, [first]), [row(1), row(2)]).rows[1]).toBe(first);
  });
  it('is in order whatever the order it came in', () => {
    expect(seqs(read(read(empty, [row(5), row(1)]), [row(2), row(6), row(2), row(4)]))).toEqual([6, 5, 4, 2, 1]);
  });
});

it('keeps ten thousand rows, the newest, and takes the next quickly', () => {
  const events = Array.from({ length: limit + 500 }, (_, n) => fed(n + 1));
  const books = tell(empty, events);
  expect(books.rows).toHaveLength(limit);
  expect(books.rows[0]?.seq).toBe(BigInt(limit + 500));
  const next = tell(books, [fed(limit + 501)]);
  expect(next.rows).toHaveLength(limit);
  expect(next.rows[0]?.seq).toBe(BigInt(limit + 501));
});

it('is the same as telling all at once, however a connection broke', () => {
  const all = Array.from({ length: 60 }, (_, n) => fed(n + 1));
  let books = empty;
  let at = 0;
  for (const [step, back] of [[7, 3], [1, 0], [20, 20], [9, 1], [40, 0], [30, 5]] as const) {
    books = tell(books, all.slice(at, at + step));
    at = Math.max(0, Math.min(all.length, at + step) - back);
  }
  expect(seqs(books)).toEqual(seqs(tell(empty, all)));
  expect(books.gap).toBe(false);
});

it('counts what is new since a place, and in the last minute', () => {
  const { rows } = tell(empty, [fed(1), fed(2), fed(5)]);
  expect(newerThan(rows, 2n)).toBe(1);
  expect(newerThan(rows, 0n)).toBe(3);
  expect(newerThan(rows, undefined)).toBe(0);
  const minutes = read(empty, [row(1, { at: time(0) }), row(2, { at: time(2) }), row(3, { at: time(3) })]).rows;
  expect(perMinute(minutes, new Date(time(3)).getTime())).toBe(2);
});
