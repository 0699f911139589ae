import { useCallback, useEffect, useRef, useState } from 'react';
import { type Client, useClient, useQuery, useSubscription } from 'urql';
import { OverviewDocument, OverviewFeedDocument, OverviewMovesDocument, OverviewSeriesDocument, type TransactionKind } from '../../graphql/graphql.ts';
import { midnight, type Move } from './change.ts';

/** The figures are asked for again at most so often while the pool moves. */
const refreshEvery = 4000;
const days = 30;
/** The most pages of what came and left that are read. */
const mostPages = 5;
const moving: readonly TransactionKind[] = ['DEPOSIT', 'WITHDRAWAL', 'CLAWBACK'];

/** What came to the pool and left it in the last 30 days. */
interface Moves {
  readonly moves: readonly Move[];
  /** Whether there was more than is read here. */
  readonly cut: boolean;
}

async function readMoves(client: Client, from: string): Promise<Moves> {
  const found = new Map<string, Move>();
  let after: string | null = null;
  for (let page = 0; page < mostPages; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const { data } = await client.query(OverviewMovesDocument, { after, filter: { from, kind: moving } }, { requestPolicy: 'network-only' }).toPromise();
    for (const { node } of data?.ledgerTransactions.edges ?? []) {
      found.set(node.id, node);
    }
    after = data?.ledgerTransactions.pageInfo.hasNextPage === true ? data.ledgerTransactions.pageInfo.endCursor : null;
    if (after === null) {
      return { moves: [...found.values()], cut: false };
    }
  }
  return { moves: [...found.values()], cut: true };
}

/** The pool's figures and roll-ups, asked for again while the feed moves. */
export function useOverview() {
  const client = useClient();
  // What is asked for is fixed when the page opens; the end lies ahead, so that what comes is in it.
  const [range] = useState(() => {
    const now = new Date();
    return { month: midnight(now, days).toISOString(), yesterday: midnight(now, 1).toISOString(), to: midnight(now, -1).toISOString() };
  });
  const [overview, askOverview] = useQuery({ query: OverviewDocument });
  const [hours, askHours] = useQuery({ query: OverviewSeriesDocument, variables: { from: range.yesterday, to: range.to, bucket: 'HOUR' } });
  const [month, askMonth] = useQuery({ query: OverviewSeriesDocument, variables: { from: range.month, to: range.to, bucket: 'DAY' } });
  const [moves, setMoves] = useState<Moves>();
  const [now, setNow] = useState(() => new Date());
  const refresh = useCallback(() => {
    for (const ask of [askOverview, askHours, askMonth]) {
      ask({ requestPolicy: 'network-only' });
    }
    void readMoves(client, range.month).then(setMoves);
    setNow(new Date());
  }, [askOverview, askHours, askMonth, client, range.month]);
  useEffect(() => {
    void readMoves(client, range.month).then(setMoves);
  }, [client, range.month]);
  useWhileMoving(refresh);
  return { overview, hours, month, moves, now, refresh };
}

/** Acts when something was booked, soon after it and at most every few seconds. */
function useWhileMoving(act: () => void) {
  const [{ data }] = useSubscription({ query: OverviewFeedDocument });
  const at = data?.transactionFeed.cursor;
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const last = useRef(0);
  useEffect(() => {
    if (at === undefined || timer.current !== undefined) {
      return;
    }
    timer.current = setTimeout(
      () => {
        timer.current = undefined;
        last.current = Date.now();
        act();
      },
      Math.max(300, refreshEvery - (Date.now() - last.current)),
    );
  }, [at, act]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
}
