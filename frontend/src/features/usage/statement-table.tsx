import { ActionIcon, Tooltip } from '@mantine/core';
import { IconReceipt } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import type { UsageStatementQuery } from '../../graphql/graphql.ts';
import { Credits } from '../../shared/ui/money.tsx';
import { When } from '../../shared/ui/when.tsx';
import { receiptPath } from './receipt.ts';
import classes from './usage.module.css';
import { useRowKeys } from './use-row-keys.ts';
import { useStatementWords } from './words.ts';

type Wallet = NonNullable<NonNullable<UsageStatementQuery['viewer']>['wallet']>;
export type Entry = Wallet['entries']['edges'][number]['node'];

/** The lines of the statement. */
export function StatementTable({ rows, receipt }: { readonly rows: readonly Entry[]; readonly receipt: (seq: string) => void }) {
  const t = useStatementWords();
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  return (
    <table className={classes.table} aria-label={t('table')}>
      <thead>
        <tr>
          <th scope="col" className={classes.time}>
            {t('time')}
          </th>
          <th scope="col" className={classes.kind}>
            {t('kind')}
          </th>
          <th scope="col">{t('memo')}</th>
          <th scope="col" className={`${classes.number} ${classes.amount}`}>
            {t('amount')}
          </th>
          <th scope="col" className={`${classes.number} ${classes.amount}`} title={t('balanceTold')}>
            {t('balance')}
          </th>
          <th scope="col" className={`${classes.number} ${classes.receipt}`}>
            {t('receipt')}
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row) => (
          <Row key={row.id} row={row} receipt={receipt} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, receipt }: { readonly row: Entry; readonly receipt: (seq: string) => void }) {
  const t = useStatementWords();
  const { createdAt, kind, amount, balanceAfter, memo, transaction } = row;
  const { seq, usageLog } = transaction;
  return (
    <tr>
      <td className={`${classes.soft} ${classes.under}`}>
        <When at={createdAt} />
      </td>
      <td className={classes.main}>{t(kind)}</td>
      <td className={classes.last} title={memo}>
        {usageLog === null ? (
          memo
        ) : (
          <Link from="/usage"
 to="/usage" search={(before) => ({ ...before, request: usageLog.id })} resetScroll={false} className={classes.row} data-row={row.id}>
            {memo}
          </Link>
        )}
      </td>
      <td className={`${classes.number} ${classes.side} ${amount.startsWith('-') ? '' : classes.gain}`}>
        <Credits amount={amount} signed />
      </td>
      <td className={`${classes.number} ${classes.underSide}`}>
        <Credits amount={balanceAfter} />
      </td>
      <td className={`${classes.number} ${classes.lastSide}`}>
        <Tooltip label={t('receiptOf', { seq })} openDelay={300}>
          <ActionIcon
            component="a"
            href={receiptPath(seq)}
            download={`receipt-${seq}.json`}
            variant="subtle"
            color="gray"
            className={classes.above}
            aria-label={t('receiptOf', { seq })}
            onClick={(event) => {
              event.preventDefault();
              receipt(seq);
            }}
          >
            <IconReceipt size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </td>
    </tr>
  );
}
