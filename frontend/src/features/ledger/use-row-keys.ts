import { useHotkeys } from '@mantine/hooks';
import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Row } from './rows.ts';

interface RowKeys {
  readonly rows: readonly Row[];
  readonly scrollTo: (index: number) => void;
  readonly scroller: RefObject<HTMLElement | null>;
  readonly open: (id: string) => void;
}

const page = 12;
const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY };

/** J and K and the arrows move through the rows, Enter opens one, Escape lets go. Returns the row that they are at. */
export function useRowKeys({ rows, scrollTo, scroller, open }: RowKeys) {
  const [active, setActive] = useState<bigint>();
  const wanted = useRef<bigint | undefined>(undefined);
  // The row is focused once it is on the screen.
  useEffect(() => {
    const element = wanted.current === undefined ? null : scroller.current?.querySelector<HTMLElement>(`[data-seq="${wanted.current}"]`);
    if (element != null) {
      wanted.current = undefined;
      element.focus({ preventScroll: true });
    }
  });
  const go = (step: number) => {
    const at = rows.findIndex(({ seq }) => seq === active);
    const within = scroller.current?.contains(document.activeElement) ?? false;
    const next = at === -1 || !within ? 0 : Math.max(0, Math.min(rows.length - 1, at + step));
    const row = rows[next];
    if (row !== undefined) {
      scrollTo(next);
      wanted.current = row.seq;
      // Focus may have gone to a row that is the active one already.
      setActive(undefined);
      setActive(row.seq);
    }
  };
  useHotkeys([
    ['j', () => go(1)],
    ['k', () => go(-1)],
  ]);
  const keyDown = (event: KeyboardEvent) => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || target.dataset['seq'] === undefined) {
      return;
    }
    const step = steps[event.key];
    const row = rows.find(({ seq }) => String(seq) === target.dataset['seq']);
    if (step !== undefined) {
      event.preventDefault();
      go(step);
    } else if (event.key === 'Enter' && row !== undefined) {
      event.preventDefault();
      open(row.id);
    } else if (event.key === 'Escape') {
      target.blur();
    }
  };
  const heard = useRef(keyDown);
  useEffect(() => {
    heard.current = keyDown;
  });
  useEffect(() => {
    const element = scroller.current;
    const hear = (event: KeyboardEvent) => heard.current(event);
    element?.addEventListener('keydown', hear);
    return () => element?.removeEventListener('keydown', hear);
  }, [scroller]);
  return { active, setActive };
}
