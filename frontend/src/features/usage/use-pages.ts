import { useCallback, useEffect, useState } from 'react';
import type { CombinedError } from 'urql';

/** A page of a list, as it was answered. */
export interface Answered<Row> {
  /** Which list it is of: another one begins anew. */
  readonly list: string;
  readonly after: string | null;
  readonly rows: readonly Row[];
  readonly next: string | null;
}

interface Known<Row> {
  readonly list: string;
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/** Adds a page to what is known; of a row that is known already nothing is repeated. */
export function addPage<Row extends { readonly id: string }>(known: Known<Row> | undefined, { list, after, rows, next }: Answered<Row>): Known<Row> {
  if (known === undefined || known.list !== list || after === null) {
    return { list, rows, next };
  }
  const ids = new Set(known.rows.map(({ id }) => id));
  return { list, rows: [...known.rows, ...rows.filter(({ id }) => !ids.has(id))], next };
}

/** A list that is read page by page. */
export interface Pages<Row> {
  /** Undefined until the first page is there. */
  readonly rows: readonly Row[] | undefined;
  readonly more: boolean;
  readonly reading: boolean;
  readonly error: CombinedError | undefined;
  readonly readMore: () => void;
  readonly retry: () => void;
}

/** Where in a list is being read. */
export interface Place {
  readonly list: string;
  readonly after: string | null;
  readonly go: (after: string) => void;
}

/** Where a list is being read: another list from its beginning. */
export function usePlace(list: string): Place {
  const [place, setPlace] = useState<{ readonly list: string; readonly after: string | null }>({ list, after: null });
  const go = useCallback((after: string) => setPlace({ list, after }), [list]);
  return { list, after: place.list === list ? place.after : null, go };
}

/** One page at its place, or what stood in its way. */
interface Answer<Row> {
  readonly page: Answered<Row> | undefined;
  readonly error: CombinedError | undefined;
  readonly retry: () => void;
}

/** All pages of a list that were read, from what each was answered with. */
export function usePages<Row extends { readonly id: string }>({ list, go }: Place, { page, error, retry }: Answer<Row>): Pages<Row> {
  const [known, setKnown] = useState<Known<Row>>();
  useEffect(() => {
    if (page !== undefined) {
      setKnown((before) => addPage(before, page));
    }
    // A page is the same as long as it is of the same place and ends alike.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [page?.list, page?.after, page?.next, page?.rows.length]);
  const next = known?.list === list ? known.next : null;
  const reading = page === undefined && error === undefined;
  const readMore = useCallback(() => {
    if (next !== null && !reading) {
      go(next);
    }
  }, [go, next, reading]);
  return { rows: known?.rows, more: next !== null, reading, error: page === undefined ? error : undefined, readMore, retry };
}
