import { IconAlertCircle } from '@tabler/icons-react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { showAmount, unitsOf } from '../../shared/money.ts';
import { showMoment, showTime, utc } from '../../shared/time.ts';
import { useLanguage } from '../../shared/words/words.ts';
import { count } from './count.ts';
import classes from './ledger.module.css';
import { useSayReason } from './routing-words.ts';
import type { Row } from './rows.ts';
import type { Names } from './use-names.ts';
import { useLedgerWords } from './words.ts';

interface LedgerRowProps {
  readonly row: Row;
  readonly names: Names;
  readonly say: RowSay;
  readonly index: number;
  readonly start: number;
  readonly height: number;
  readonly narrow: boolean;
  readonly moving: boolean;
  readonly reachable: boolean;
  readonly focused: () => void;
  readonly open: () => void;
}

/** A row that is younger than this slides in, and its highlight fades. */
const freshFor = 1200;

const isFresh = ({ arrived }: Row) => arrived !== undefined && Date.now() - arrived < freshFor;

/** The time of day where it is today, else the date too. */
const timeOf = (at: string, language: string) => (new Date(at).toDateString() === new Date().toDateString() ? showMoment(at) : showTime(at, language));

/** A transaction, in a line; on a phone in two. */
export const LedgerRow = memo(Line, (a, b) => a.row === b.row && a.names === b.names && a.say === b.say && a.index === b.index && a.start === b.start && a.narrow === b.narrow && a.moving === b.moving && a.reachable === b.reachable);

function Line({ row, names, say, index, start, height, narrow, moving, reachable, focused, open }: LedgerRowProps) {
  const [fresh] = useState(() => moving && isFresh(row));
  const Cells = narrow ? Card : Columns;
  return (
    <tr
      aria-rowindex={index + 2}
      tabIndex={reachable ? 0 : -1}
      data-seq={String(row.seq)}
      data-moving={moving}
      data-fresh={fresh}
      className={narrow ? classes.card : classes.cells}
      style={{ height, transform: `translateY(${start}px)` }}
      onFocus={focused}
      onClick={open}
    >
      <Cells row={row} names={names} say={say} />
    </tr>
  );
}

/** How rows are put in words: found once for all of them, since thousands pass by. */
export interface RowSay {
  readonly t: ReturnType<typeof useLedgerWords>;
  readonly reason: ReturnType<typeof useSayReason>;
  readonly tag: string;
}

export function useRowSay(): RowSay {
  const t = useLedgerWords();
  const reason = useSayReason();
  const { tag } = useLanguage();
  const latest = useRef({ t, reason });
  useEffect(() => {
    latest.current = { t, reason };
  });
  // The words change with the language alone.
  return useMemo(() => ({ t: (key, values) => latest.current.t(key, values), reason: (reasoned) => latest.current.reason(reasoned), tag }), [tag]);
}

interface Told {
  readonly row: Row;
  readonly names: Names;
  readonly say: RowSay;
}

/** Who and what is in a row, in words. */
function tell({ row, names, say: { t, reason, tag } }: Told) {
  const { use } = row;
  const owner = use === undefined ? names.get(row.key?.id ?? '')?.owner : (use.resourceOwner?.displayName ?? '');
  return {
    time: timeOf(row.at, tag),
    person: row.person === undefined ? (row.kind === 'USAGE' ? t('unknown') : t('platform')) : (row.person.name ?? names.get(row.person.id)?.name ?? '…'),
    owner: row.key === undefined ? '' : owner === undefined ? '…' : owner === '' ? t('platform') : owner,
    key: row.key === undefined ? '' : (row.key.name ?? names.get(row.key.id)?.name ?? ''),
    what: row.kind === 'USAGE' && use !== undefined ? use.model : t(row.kind),
    tokens: use === undefined ? '' : `${count(use.promptTokens)} → ${count(use.completionTokens)}`,
    why: row.kind === 'USAGE' && use?.routingReason != null ? reason(use.routingReason) : row.kind === 'USAGE' ? '' : row.memo,
    failed: use?.status === 'FAILED',
  };
}

function Columns({ row, names, say }: Told) {
  const { t } = say;
  const told = tell({ row, names, say });
  return (
    <>
      <td className={classes.time} title={utc(row.at)}>
        {told.time}
      </td>
      <Text text={told.person} />
      <Text text={told.owner} title={told.key} />
      <td className={row.kind === 'USAGE' ? classes.text : classes.kind} title={told.what}>
        {told.failed && (
          <span className={classes.failed}>
            <IconAlertCircle size={14} aria-hidden /> {t('failed')}{' '}
          </span>
        )}
        {told.what}
      </td>
      <td className={classes.amount}>{told.tokens}</td>
      <Amount amount={row.cost} dollars signed={row.kind !== 'USAGE'} />
      <Amount amount={row.credits} signed={row.kind !== 'USAGE'} />
      <Amount amount={row.profit} signed tone />
      <Text text={told.why} soft />
    </>
  );
}

function Card({ row, names, say }: Told) {
  const { t } = say;
  const told = tell({ row, names, say });
  return (
    <>
      <td className={classes.text}>
        <strong>{told.person}</strong>
        {told.owner !== '' && ` · ${t('keyOf')} ${told.owner}`}
      </td>
      <Amount amount={row.credits} signed={row.kind !== 'USAGE'} />
      <td className={classes.soft}>
        {told.time} · {told.failed && `${t('failed')} · `}
        {told.what}
      </td>
      <Amount amount={row.profit} signed tone />
    </>
  );
}

function Text({ text, title = text, soft = false }: { readonly text: string; readonly title?: string; readonly soft?: boolean }) {
  return (
    <td className={soft ? classes.soft : classes.text} title={title}>
      {text}
    </td>
  );
}

/** An amount in a row: no tooltip component, of which thousands would be dear; the exact amount is its title. */
function Amount({ amount, dollars = false, signed = false, tone = false }: { readonly amount: string | undefined; readonly dollars?: boolean; readonly signed?: boolean; readonly tone?: boolean }) {
  if (amount === undefined) {
    return <td>{'\u00A0'}</td>;
  }
  const { text, exact } = showAmount(amount, 4, signed);
  const loses = tone && unitsOf(amount) < 0n;
  return (
    <td className={classes.amount} data-loss={loses} title={dollars ? `$${exact}` : `${exact} Credits`}>
      {dollars ? text.replace(/^([−+]?)/u, '$1$$') : text}
      {!dollars && !tone && <span className="unit"> Cr</span>}
    </td>
  );
}
