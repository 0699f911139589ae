import { useContext, useEffect, useMemo, useSyncExternalStore } from 'react';
import { useClient } from 'urql';
import { ApiContext } from '../../shared/api.ts';
import type { LedgerSearch } from './filters.ts';
import { LiveLedger } from './live-ledger.ts';

/** The ledger as it is booked, of one kind and person where they are given. */
export function useLiveLedger({ kind, person }: Pick<LedgerSearch, 'kind' | 'person'>) {
  const client = useClient();
  const api = useContext(ApiContext);
  const ledger = useMemo(() => new LiveLedger(client, { ...(kind === undefined ? {} : { kind }), ...(person === undefined ? {} : { person }) }), [client, kind, person]);
  useEffect(() => ledger.start(), [ledger]);
  useEffect(() => api?.onConnection((connection) => (connection === 'broken' ? ledger.broke() : ledger.mended())), [api, ledger]);
  return { live: useSyncExternalStore(ledger.onChange, ledger.live), readOlder: ledger.readOlder, again: ledger.again };
}
