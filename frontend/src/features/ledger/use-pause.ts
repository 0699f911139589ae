import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

/** Why the rows stand still: a pointer or the focus on them, a look further down, an open row, or a button. */
export type Cause = 'pointer' | 'focus' | 'scroll' | 'drawer' | 'button';

/** Whether the rows stand still, and at which one: newer ones wait. */
export function usePause(newest: bigint | undefined) {
  const latest = useRef(newest);
  useEffect(() => {
    latest.current = newest;
  }, [newest]);
  const [{ causes, top }, set] = useState<{ causes: ReadonlySet<Cause>; top?: bigint | undefined }>({ causes: new Set() });
  const hold = useCallback((cause: Cause, on: boolean) => {
    set((state) => {
      if (state.causes.has(cause) === on) {
        return state;
      }
      const next = new Set(state.causes);
      if (on) {
        next.add(cause);
      } else {
        next.delete(cause);
      }
      return { causes: next, top: state.causes.size === 0 ? latest.current : state.top };
    });
  }, []);
  const go = useCallback(() => set({ causes: new Set() }), []);
  return { paused: causes.size > 0, causes, top, hold, go };
}

/** Has the rows stand still while a pointer or the focus is on one of them. */
export function useStandStill(scroller: RefObject<HTMLElement | null>, hold: (cause: Cause, on: boolean) => void) {
  useEffect(() => {
    const element = scroller.current;
    const onRow = ({ target }: Event) => target instanceof Element && target.closest('[data-seq]') !== null;
    const over = (event: Event) => {
      if (onRow(event)) {
        hold('pointer', true);
      }
    };
    const leave = () => hold('pointer', false);
    const focus = (event: Event) => hold('focus', onRow(event));
    const blur = ({ relatedTarget }: FocusEvent) => {
      if (!(relatedTarget instanceof Node) || element?.contains(relatedTarget) !== true) {
        hold('focus', false);
      }
    };
    element?.addEventListener('mouseover', over);
    element?.addEventListener('mouseleave', leave);
    element?.addEventListener('focusin', focus);
    element?.addEventListener('focusout', blur);
    return () => {
      element?.removeEventListener('mouseover', over);
      element?.removeEventListener('mouseleave', leave);
      element?.removeEventListener('focusin', focus);
      element?.removeEventListener('focusout', blur);
      hold('pointer', false);
      hold('focus', false);
    };
  }, [scroller, hold]);
}
