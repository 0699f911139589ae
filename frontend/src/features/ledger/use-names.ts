import { useEffect, useRef, useState } from 'react';
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

/** The names of who is in these rows without one; each is asked for once. */
export function useNames(rows: readonly Row[], more: string = ''): Names {
  const client = useClient();
  const [names, setNames] = useState<Names>(new Map());
  const asked = useRef(new Set<string>());
  useEffect(() => {
    const wanted = new Set([...nameless(rows), ...more.split(' ')]);
    const ids = [...wanted].filter((id) => id !== '' && !asked.current.has(id)).slice(0, most);
    if (ids.length === 0) {
      return;
    }
    for (const id of ids) {
      asked.current.add(id);
    }
    void client
      .query(LedgerNamesDocument, { ids }, { requestPolicy: 'cache-first' })
      .toPromise()
      .then(({ data }) => setNames((known) => new Map([...known, ...(data?.nodes ?? []).flatMap(nameOf)])));
  }, [client, rows, more]);
  return names;
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
