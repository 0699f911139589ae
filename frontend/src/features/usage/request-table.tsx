import { IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { showCount } from '../../shared/count.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';
import { showTime } from '../../shared/time.ts';
import { Credits } from '../../shared/ui/money.tsx';
import { When } from '../../shared/ui/when.tsx';
import { useLanguage } from '../../shared/words/words.ts';
import type { UsageRow } from './request-file.ts';
import classes from './usage.module.css';
import { useRowKeys } from './use-row-keys.ts';
import { useUsageWords } from './words.ts';

/** Requests, each of which opens. */
export function RequestTable({ rows }: { readonly rows: readonly UsageRow[] }) {
  const t = useUsageWords();
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  return (
    <table className={classes.table} aria-label={t('table')}>
      <thead>
        <tr>
          <th scope="col" className={classes.time}>
            {t('time')}
          </th>
          <th scope="col">{t('model')}</th>
          <th scope="col" className={`${classes.number} ${classes.tokens}`}>
            {t('tokens')}
          </th>
          <th scope="col" className={`${classes.number} ${classes.latency}`}>
            {t('latency')}
          </th>
          <th scope="col" className={`${classes.number} ${classes.amount}`}>
            {t('charge')}
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row) => (
          <Row key={row.id} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row }: { readonly row: UsageRow }) {
  const t = useUsageWords();
  const { tag } = useLanguage();
  const { id, createdAt, status, model, promptTokens, completionTokens, latencyMs, creditsCharged } = row;
  return (
    <tr>
      <td className={`${classes.soft} ${classes.under}`}>
        <When at={createdAt} />
      </td>
      <td className={classes.main} title={model}>
        <Link
          from="/usage"
          to="/usage"
          search={(before) => ({ ...before, request: id })}
          resetScroll={false}
          className={classes.row}
          data-row={id}
          aria-label={t('look', { model, time: showTime(createdAt, tag) })}
        >
          {model}
        </Link>
        {status === 'FAILED' && (
          <span className={classes.failed}>
            {' '}
            <IconX size={14} aria-hidden />
            {t('failed')}
          </span>
        )}
      </td>
      <td className={`${classes.number} ${classes.soft} ${classes.underSide}`}>{t('tokensShort', { prompt: showCount(promptTokens), completion: showCount(completionTokens) })}</td>
      <td className={`${classes.number} ${classes.soft} ${classes.wideOnly}`}>{(latencyMs / 1000).toFixed(2)} s</td>
      <td className={`${classes.number} ${classes.side}`}>
        <Credits amount={formatUnits(-unitsOf(creditsCharged ?? '0'))} />
      </td>
    </tr>
  );
}
