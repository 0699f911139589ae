import { useCallback, useRef, useState } from 'react';
import { useClient } from 'urql';
import { LedgerNamesDocument, type LedgerNamesQuery } from '../../graphql/graphql.ts';
import type { Row } from './rows.ts';

/** What an id is called: a person, or a key and whose it is ('' where it is the platform's). */
export interface Name {
  readonly name: string;
  readonly owner?: string;
}

export type Names = ReadonlyMap<string, Name>;

/** The most ids that the server finds at once. */
const most = 100;

const nameless = (rows: readonly Row[]) =>
  rows.flatMap(({ person, key }) => [person, key]).flatMap((party) => (party === undefined || party.name !== undefined ? [] : [party.id]));

/** The names of who is in rows without one: those that were asked for, and how to ask. Each is asked for once. */
export function useNames() {
  const client = useClient();
  const [names, setNames] = useState<Names>(new Map());
  const known = useRef(new Map<string, Name>());
  const asked = useRef(new Set<string>());
  const askIds = useCallback(
    async (wanted: readonly string[]): Promise<Names> => {
      const ids = [...new Set(wanted)].filter((id) => id !== '' && !asked.current.has(id));
      for (const id of ids) {
        asked.current.add(id);
      }
      const chunks = Array.from({ length: Math.ceil(ids.length / most) }, (_, n) => ids.slice(n * most, (n + 1) * most));
      const answers = await Promise.all(chunks.map((chunk) => client.query(LedgerNamesDocument, { ids: chunk }, { requestPolicy: 'cache-first' }).toPromise()));
      for (const [id, name] of answers.flatMap(({ data }) => (data?.nodes ?? []).flatMap(nameOf))) {
        known.current.set(id, name);
      }
      if (chunks.length > 0) {
        setNames(new Map(known.current));
      }
      return known.current;
    },
    [client],
  );
  const ask = useCallback((rows: readonly Row[]) => askIds(nameless(rows)), [askIds]);
  return { names, ask, askIds };
}

function nameOf(node: LedgerNamesQuery['nodes'][number]): [string, Name][] {
  if (node === null) {
    return [];
  }
  if ('displayName' in node) {
    return [[node.id, { name: node.displayName }]];
  }
  return 'label' in node ? [[node.id, { name: node.label === '' ? node.maskedKey : node.label, owner: node.owner?.displayName ?? '' }]] : [];
}
