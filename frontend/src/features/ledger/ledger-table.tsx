import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useCallback, useEffect } from 'react';
import { LedgerRow, useRowSay } from './ledger-row.tsx';
import classes from './ledger.module.css';
import type { Live } from './live-ledger.ts';
import type { Row } from './rows.ts';
import type { Names } from './use-names.ts';
import { type Cause, useStandStill } from './use-pause.ts';
import { useRowKeys } from './use-row-keys.ts';
import { useLedgerWords } from './words.ts';

interface LedgerTableProps {
  readonly rows: readonly Row[];
  readonly names: Names;
  /** Whether what comes slides in. */
  readonly moving: boolean;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly hold: (cause: Cause, on: boolean) => void;
  /** Told which rows are on the screen. */
  readonly see: (rows: readonly Row[]) => Promise<Names>;
  readonly open: (id: string) => void;
  readonly older: Live['older'];
  readonly readOlder: () => Promise<void>;
  /** What is said below the last row. */
  readonly end: string;
}

const columns = ['time', 'consumer', 'keyOf', 'model', 'tokens', 'cost', 'charge', 'profit', 'why'] as const;
const amounts: ReadonlySet<string> = new Set(['tokens', 'cost', 'charge', 'profit']);

/** Thousands of rows, of which only those on the screen are there. */
export function LedgerTable({ rows, names, moving, scroller, hold, see, open, older, readOlder, end }: LedgerTableProps) {
  const t = useLedgerWords();
  const say = useRowSay();
  const narrow = useMediaQuery('(max-width: 47.99em)') ?? false;
  const height = narrow ? 64 : 36;
  const header = narrow ? 0 : 36;
  // With another function every row would be measured anew in every frame.
  const keyOf = useCallback((index: number) => String(rows[index]?.seq ?? index), [rows]);
  // oxlint-disable-next-line react/incompatible-library -- nothing memoized gets what it returns
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: keyOf,
    overscan: 8,
    scrollMargin: header,
    scrollPaddingStart: header,
    initialRect: { width: 1000, height: 600 },
  });
  useEffect(() => virtual.measure(), [virtual, height]);
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1];
  useEffect(() => {
    void see(rows.slice(first, last + 1));
  }, [see, rows, first, last]);
  useEffect(() => {
    if (older === 'some' && last >= rows.length - 5) {
      void readOlder();
    }
  }, [older, readOlder, last, rows.length]);
  useStandStill(scroller, hold);
  const { active, setActive } = useRowKeys({ rows, scrollTo: (index) => virtual.scrollToIndex(index), scroller, open });
  return (
    <div ref={scroller} className={classes.scroller} onScroll={(event) => hold('scroll', event.currentTarget.scrollTop > height)}>
      <table aria-label={t('table')} aria-rowcount={rows.length + 1} className={classes.table}>
        <thead className={classes.head}>
          <tr aria-rowindex={1} className={classes.header}>
            {columns.map((column) => (
              <th key={column} scope="col" className={amounts.has(column) ? classes.amount : undefined}>
                {t(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, key, start }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <LedgerRow
                key={key}
                row={row}
                names={names}
                say={say}
                index={index}
                start={start - header}
                height={height}
                narrow={narrow}
                moving={moving}
                reachable={active === row.seq || (active === undefined && index === 0)}
                focused={() => setActive(row.seq)}
                open={() => open(row.id)}
              />
            );
          })}
        </tbody>
      </table>
      <div className={classes.end}>
        {older === 'none' ? (
          <span>{end}</span>
        ) : (
          <Button size="compact-sm" variant="subtle" disabled={older === 'coming'} onClick={() => void readOlder()}>
            {t(older === 'coming' ? 'reading' : 'older')}
          </Button>
        )}
      </div>
    </div>
  );
}
