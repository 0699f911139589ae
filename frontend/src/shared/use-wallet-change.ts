import { useEffect, useRef } from 'react';
import { useViewer } from './viewer.tsx';

// A request holds, then settles: what comes together is one change.
const quiet = 700;

/** Acts a moment after money has moved in the viewer's wallet, not at first. */
export function useWalletChange(act: () => void) {
  const { wallet } = useViewer();
  const state = wallet === null ? '' : `${wallet.available} ${wallet.held} ${wallet.owed} ${wallet.vesting}`;
  const last = useRef(state);
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    if (state === last.current) {
      return undefined;
    }
    const timer = setTimeout(() => {
      last.current = state;
      latest.current();
    }, quiet);
    return () => clearTimeout(timer);
  }, [state]);
}
