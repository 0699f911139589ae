import { Button, Center, Select, Text, UnstyledButton } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef } from 'react';
import type { OrderDirection } from '../../../graphql/graphql.ts';
import { SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import classes from './common.module.css';
import type { Endless } from './endless.ts';
import { useCommonWords } from './words.ts';

/** A column of a table. The first one names the row. */
export interface Column<R, F extends string = never> {
  readonly title: string;
  readonly cell: (row: R) => ReactNode;
  readonly amount?: boolean;
  /** Whether it has a line of its own on a phone. */
  readonly wide?: boolean;
  /** What the API orders by, where it can by this column. */
  readonly order?: F;
}

/** By what a list is ordered. */
export interface Order<F extends string> {
  readonly field: F;
  readonly direction: OrderDirection;
  readonly change: (field: F, direction: OrderDirection) => void;
}

interface RowsTableProps<R, F extends string> {
  readonly label: string;
  readonly rows: readonly R[];
  readonly columns: readonly Column<R, F>[];
  readonly order?: Order<F>;
  /** Opens a row, where there is more to see. */
  readonly open?: (row: R) => void;
}

/** A dense table; rows are reached by j and k and opened by Enter. On a phone each row is a card. */
export function RowsTable<R extends { readonly id: string }, F extends string = never>({ label, rows, columns, order, open }: RowsTableProps<R, F>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const step = (by: number) => {
    const buttons = [...(body.current?.querySelectorAll<HTMLElement>(`.${classes['open']}`) ?? [])];
    const at = buttons.findIndex((button) => button === document.activeElement);
    buttons[at === -1 ? 0 : Math.min(Math.max(at + by, 0), buttons.length - 1)]?.focus();
  };
  useHotkeys(open === undefined ? [] : [['j', () => step(1)], ['k', () => step(-1)]]);
  return (
    // What scrolls has to be reached by the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className={classes.scroller} tabIndex={0} aria-label={label}>
      <table className={classes.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.title} column={column} order={order} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row) => (
            <tr key={row.id}>
              {columns.map(({ title, cell, amount, wide }, index) =>
                index === 0 ? (
                  <th key={title} scope="row">
                    {open === undefined ? (
                      cell(row)
                    ) : (
                      <UnstyledButton className={classes.open} onClick={() => open(row)}>
                        {cell(row)}
                      </UnstyledButton>
                    )}
                  </th>
                ) : (
                  <td key={title} data-label={title} data-wide={wide} className={amount === true ? classes.amount : undefined}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Head<R, F extends string>({ column: { title, amount, order: field }, order }: { readonly column: Column<R, F>; readonly order: Order<F> | undefined }) {
  const className = amount === true ? classes.amount : undefined;
  if (field === undefined || order === undefined) {
    return (
      <th scope="col" className={className}>
        {title}
      </th>
    );
  }
  const on = order.field === field;
  const next: OrderDirection = on && order.direction === 'DESC' ? 'ASC' : 'DESC';
  const Arrow = order.direction === 'DESC' ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" className={className} aria-sort={on ? (order.direction === 'DESC' ? 'descending' : 'ascending') : 'none'}>
      <UnstyledButton className={classes.order} data-on={on} onClick={() => order.change(field, next)}>
        {title}
        {on && <Arrow size={12} aria-hidden />}
      </UnstyledButton>
    </th>
  );
}

interface EndlessTableProps<R, F extends string> extends Omit<RowsTableProps<R, F>, 'rows'> {
  readonly list: Endless<R>;
  /** What is shown where there is nothing. */
  readonly empty: ReactNode;
}

/** A table that reads on where somebody scrolls to its end. */
export function EndlessTable<R extends { readonly id: string }, F extends string = never>({ list, empty, ...table }: EndlessTableProps<R, F>) {
  const { rows, error, again } = list;
  return (
    <>
      {error !== undefined && <Trouble error={error} retry={again} />}
      {rows === undefined && error === undefined && <SkeletonRows rows={10} />}
      {rows !== undefined && rows.length === 0 && empty}
      {rows !== undefined && rows.length > 0 && (
        <>
          {table.order !== undefined && <OrderField columns={table.columns} order={table.order} />}
          <RowsTable rows={rows} {...table} />
          <End list={list} />
        </>
      )}
    </>
  );
}

/** The order, where there are no heads of columns to press. */
function OrderField<R, F extends string>({ columns, order }: { readonly columns: readonly Column<R, F>[]; readonly order: Order<F> }) {
  const t = useCommonWords();
  const choices = columns.flatMap(({ title, order: field }) =>
    field === undefined ? [] : (['DESC', 'ASC'] as const).map((direction) => ({ value: `${field} ${direction}`, label: `${title}, ${t(direction === 'DESC' ? 'desc' : 'asc')}`, field, direction })),
  );
  return (
    <Select
      hiddenFrom="sm"
      aria-label={t('order')}
      placeholder={t('order')}
      data={choices.map(({ value, label }) => ({ value, label }))}
      value={choices.find(({ field, direction }) => field === order.field && direction === order.direction)?.value ?? null}
      onChange={(chosen) => {
        const choice = choices.find(({ value }) => value === chosen);
        if (choice !== undefined) {
          order.change(choice.field, choice.direction);
        }
      }}
    />
  );
}

function End<R>({ list: { hasMore, more, rows, total } }: { readonly list: Endless<R> }) {
  const t = useCommonWords();
  const mark = useRef<HTMLDivElement>(null);
  const shown = rows?.length ?? 0;
  useEffect(() => {
    // Where the rows that came leave the end on the screen, it is seen anew.
    if (shown === 0 || !hasMore || mark.current === null || typeof IntersectionObserver === 'undefined') {
      return undefined;
    }
    const watch = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && more(), { rootMargin: '400px' });
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [hasMore, more, shown]);
  return (
    <Center ref={mark} mih={36}>
      {hasMore ? (
        <Button variant="subtle" size="compact-sm" onClick={more}>
          {t('more')} ({shown} / {total})
        </Button>
      ) : (
        <Text size="sm" c="dimmed">
          {t('all')} · {shown}
        </Text>
      )}
    </Center>
  );
}
