import type { TypedDocumentNode } from 'urql';
import { type AnyVariables, type CombinedError, createRequest, useClient } from 'urql';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { pipe, subscribe } from 'wonka';

/** A page of a list, as the API tells it. */
export interface Listed<N> {
  readonly edges: readonly { readonly node: N }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: number;
}

interface Read<N> {
  readonly list?: Listed<N>;
  readonly error?: CombinedError;
}

const nothing: readonly never[] = [];

/** A list that is read page by page as far as somebody looks. */
export interface Endless<N> {
  /** Undefined until the first page is there. */
  readonly rows: readonly N[] | undefined;
  readonly total: number | undefined;
  readonly error: CombinedError | undefined;
  readonly hasMore: boolean;
  readonly fetching: boolean;
  readonly more: () => void;
  /** Reads all of it again. */
  readonly again: () => void;
}

/**
 * Reads a list page by page. Each page begins where the one before it ends now: where the first changes, those after it
 * are read again, so that there is neither a gap nor a repeat.
 */
export function useEndless<D, V extends AnyVariables, N extends { readonly id: string }>(
  document: TypedDocumentNode<D, V>,
  variablesOf: (after: string | null) => V,
  listOf: (data: D) => Listed<N>,
): Endless<N> {
  const client = useClient();
  const key = JSON.stringify(variablesOf(null));
  const asked = useRef({ variablesOf, listOf });
  useLayoutEffect(() => {
    asked.current = { variablesOf, listOf };
  });
  const wanted = useRef({ key, pages: 1 });
  const readOn = useRef(() => {});
  const [nonce, setNonce] = useState(0);
  const [state, setState] = useState<{ readonly key: string; readonly pages: readonly Read<N>[] }>({ key, pages: [] });

  useEffect(() => {
    // Another list begins at its beginning; the same one is read again as far as it was.
    if (wanted.current.key !== key) {
      wanted.current = { key, pages: 1 };
    }
    const stops: (() => void)[] = [];
    const ends: (string | null | undefined)[] = [];
    let pages: readonly Read<N>[] = [];
    const stopFrom = (index: number) => {
      for (const stop of stops.splice(index)) {
        stop();
      }
      ends.length = Math.min(ends.length, index);
    };
    const follow = (index: number, list: Listed<N>) => {
      const end = list.pageInfo.hasNextPage ? list.pageInfo.endCursor : null;
      if (end === null) {
        stopFrom(index + 1);
        pages = pages.slice(0, index + 1);
      } else if (index + 1 < wanted.current.pages && ends[index] !== end) {
        ends[index] = end;
        read(index + 1, end);
      }
    };
    const read = (index: number, after: string | null) => {
      stopFrom(index);
      const { unsubscribe } = pipe(
        client.executeQuery(createRequest(document, asked.current.variablesOf(after)), { requestPolicy: nonce > 0 ? 'network-only' : 'cache-and-network' }),
        subscribe(({ data, error }) => {
          const list = data == null ? undefined : asked.current.listOf(data);
          pages = [...pages.slice(0, index), { ...(list === undefined ? {} : { list }), ...(error === undefined ? {} : { error }) }, ...pages.slice(index + 1)];
          if (list !== undefined) {
            follow(index, list);
          }
          setState({ key, pages });
        }),
      );
      stops[index] = unsubscribe;
    };
    readOn.current = () => {
      const last = pages.length - 1;
      const list = pages[last]?.list;
      if (list !== undefined && wanted.current.pages <= pages.length) {
        wanted.current = { key, pages: pages.length + 1 };
        follow(last, list);
      }
    };
    read(0, null);
    return () => stopFrom(0);
  }, [client, document, key, nonce]);

  const more = useCallback(() => readOn.current(), []);
  const again = useCallback(() => setNonce((before) => before + 1), []);
  const pages: readonly Read<N>[] = state.key === key ? state.pages : nothing;
  const last = pages.at(-1);
  const rows = useMemo(() => rowsOf(pages), [pages]);
  return {
    rows,
    total: pages[0]?.list?.totalCount,
    error: pages.find(({ error }) => error !== undefined)?.error,
    hasMore: last?.list?.pageInfo.hasNextPage ?? false,
    fetching: last === undefined,
    more,
    again,
  };
}

/** The rows of the pages that are there, each once. */
function rowsOf<N extends { readonly id: string }>(pages: readonly Read<N>[]): readonly N[] | undefined {
  if (pages[0]?.list === undefined) {
    return undefined;
  }
  const seen = new Map<string, N>();
  for (const { list } of pages) {
    for (const { node } of list?.edges ?? []) {
      if (!seen.has(node.id)) {
        seen.set(node.id, node);
      }
    }
  }
  return [...seen.values()];
}
