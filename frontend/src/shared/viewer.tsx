import { createContext, type PropsWithChildren, useContext } from 'react';
import { useQuery, useSubscription } from 'urql';
import { ViewerDocument, type ViewerQuery, WalletChangedDocument } from '../graphql/graphql.ts';

/** Who is signed in. */
export type Viewer = NonNullable<ViewerQuery['viewer']>;

const ViewerContext = createContext<Viewer | undefined>(undefined);

/** Gives the pages below who is signed in, and keeps their wallet as it is. */
export function ViewerProvider({ viewer, children }: PropsWithChildren<{ readonly viewer: Viewer }>) {
  // The cache knows the wallet by its id: what comes here changes wherever it is shown.
  useSubscription({ query: WalletChangedDocument });
  const [{ data }] = useQuery({ query: ViewerDocument, requestPolicy: 'cache-first' });
  return <ViewerContext value={data?.viewer ?? viewer}>{children}</ViewerContext>;
}

/** Who is signed in, on pages that need that. */
export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (viewer === undefined) {
    throw new Error('this page is for who is signed in');
  }
  return viewer;
}

/** Whether who is signed in runs this pool. */
export function isAdmin(viewer: Viewer): boolean {
  return viewer.roles.includes('ADMIN');
}
