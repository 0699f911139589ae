import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { createClient as createSocketClient } from 'graphql-ws';
import { Client, fetchExchange, subscriptionExchange } from 'urql';
import { keyless } from '../graphql/keyless.ts';
import { endpoints } from './endpoints.ts';

/** Whether the live connection stands. The first subscription opens it. */
export type Connection = 'idle' | 'open' | 'broken';

type Listener = (connection: Connection) => void;

/** The API, and how its live connection is. */
export interface Api {
  readonly client: Client;
  readonly connection: () => Connection;
  readonly onConnection: (listener: Listener) => () => void;
}

const embedded = Object.fromEntries(keyless.map((name) => [name, () => null] as const));

/** Speaks with the server that the page came from: requests over HTTP, subscriptions over one WebSocket. */
export function connect(location: { readonly protocol: string; readonly host: string }): Api {
  const { http, socket } = endpoints(location);
  let connection: Connection = 'idle';
  const listeners = new Set<Listener>();
  const become = (next: Connection) => {
    if (next !== connection) {
      connection = next;
      for (const listener of listeners) {
        listener(next);
      }
    }
  };
  const live = createSocketClient({
    url: socket,
    lazy: true,
    // As long as it takes: who looks at a page wants it live again.
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    on: {
      connected: () => become('open'),
      closed: () => become(connection === 'idle' ? 'idle' : 'broken'),
    },
  });
  const client = new Client({
    url: http,
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    exchanges: [
      cacheExchange({
        keys: embedded,
        resolvers: {
          // Lists whose order changes are read page by page instead, each from where the one before ends now.
          Query: { usageLogs: relayPagination(), ledgerTransactions: relayPagination(), keyAccesses: relayPagination() },
          User: { resources: relayPagination(), usageLogs: relayPagination() },
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: live.subscribe(
              { query: request.query ?? '', variables: request.variables ?? {} },
              {
                // A list of errors is an error, even where it is empty.
                next: ({ data, errors, extensions }) => sink.next({ data: data ?? null, extensions: extensions ?? {}, ...(errors === undefined ? {} : { errors: [...errors] }) }),
                error: (error) => sink.error(error),
                complete: () => sink.complete(),
              },
            ),
          }),
        }),
      }),
    ],
  });
  return {
    client,
    connection: () => connection,
    onConnection: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
