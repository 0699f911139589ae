import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Api, Connection } from './client.ts';

/** The API that the app speaks with. */
export const ApiContext = createContext<Api | undefined>(undefined);

/** How the live connection is, and whether the browser has a network at all. */
export function useConnection(): Connection | 'offline' {
  const api = useContext(ApiContext);
  if (api === undefined) {
    throw new Error('there is no API here');
  }
  const live = useSyncExternalStore(api.onConnection, api.connection);
  const online = useSyncExternalStore(onNetwork, () => navigator.onLine);
  return online ? live : 'offline';
}

function onNetwork(changed: () => void) {
  window.addEventListener('online', changed);
  window.addEventListener('offline', changed);
  return () => {
    window.removeEventListener('online', changed);
    window.removeEventListener('offline', changed);
  };
}
