import { useHotkeys } from '@mantine/hooks';
import type { RefObject } from 'react';

/** J and K move the focus through what is marked data-row; Enter is then the link's own. */
export function useRowKeys(list: RefObject<HTMLElement | null>) {
  const go = (step: number) => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const at = rows.findIndex((row) => row === document.activeElement);
    const next = at === -1 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step));
    rows[next]?.focus();
    rows[next]?.scrollIntoView({ block: 'nearest' });
  };
  useHotkeys([
    ['j', () => go(1)],
    ['k', () => go(-1)],
  ]);
}
