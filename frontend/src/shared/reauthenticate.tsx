import { createContext, lazy, type PropsWithChildren, Suspense, useCallback, useContext, useMemo, useRef, useState } from 'react';
import type { AnyVariables, OperationResult } from 'urql';
import { problemOf } from './problem.ts';

const Dialog = lazy(() => import('./reauthenticate-dialog.tsx'));

/** Asks whoever is there to prove that it is them; tells whether they did. */
type Ask = () => Promise<boolean>;

/** Does an act, and does it again once its author has proven who they are, where the server asks for that. */
export type Confirmed = <D, V extends AnyVariables>(act: () => Promise<OperationResult<D, V>>) => Promise<OperationResult<D, V>>;

const AskContext = createContext<Ask | undefined>(undefined);

/** Lets the pages below ask for the password again. */
export function ReauthenticateProvider({ children }: PropsWithChildren) {
  const [asking, setAsking] = useState(false);
  const waiting = useRef<((confirmed: boolean) => void)[]>([]);
  // Acts that need it at once wait for one dialog.
  const ask = useCallback<Ask>(
    () =>
      new Promise((tell) => {
        waiting.current.push(tell);
        setAsking(true);
      }),
    [],
  );
  const settle = useCallback((confirmed: boolean) => {
    setAsking(false);
    for (const tell of waiting.current.splice(0)) {
      tell(confirmed);
    }
  }, []);
  return (
    <AskContext value={ask}>
      {children}
      {asking && (
        <Suspense>
          <Dialog settle={settle} />
        </Suspense>
      )}
    </AskContext>
  );
}

/**
 * Returns what does a sensitive act: `const confirmed = useConfirmed(); const { data, error } = await confirmed(() =>
 * withdraw({ id }));`. Where the server wants its author to prove who they are, a dialog asks them and the act is done
 * again. Whoever closes the dialog gets the answer of the first time, which is the error REAUTHENTICATION_REQUIRED.
 */
export function useConfirmed(): Confirmed {
  const ask = useContext(AskContext);
  return useMemo<Confirmed>(
    () => async (act) => {
      const first = await act();
      if (ask === undefined || first.error === undefined || problemOf(first.error).code !== 'REAUTHENTICATION_REQUIRED') {
        return first;
      }
      return (await ask()) ? act() : first;
    },
    [ask],
  );
}
