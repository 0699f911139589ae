import { Button, Tooltip } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useDeferredValue, useEffect, useMemo, useRef } from 'react';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { Page } from '../../shared/ui/page.tsx';
import { limit, newerThan } from './books.ts';
import { save } from './csv.ts';
import { ledgerFile } from './export.ts';
import { count } from './count.ts';
import { FilterBar } from './filter-bar.tsx';
import { type LedgerChange, type LedgerSearch, narrow } from './filters.ts';
import { LedgerTable } from './ledger-table.tsx';
import { RowDrawer } from './row-drawer.tsx';
import { StateLine } from './state-line.tsx';
import { useLiveLedger } from './use-live-ledger.ts';
import { useNames } from './use-names.ts';
import { usePause } from './use-pause.ts';
import { useLedgerWords } from './words.ts';

interface LedgerPageProps {
  readonly search: LedgerSearch;
  /** Changes the address: what is undefined is taken out of it. */
  readonly change: (change: LedgerChange) => void;
}

/** The ledger as it is booked. */
export function LedgerPage({ search, change }: LedgerPageProps) {
  const t = useLedgerWords();
  const { live, readOlder, again } = useLiveLedger(search);
  const { books, started, error, older } = live;
  const { model, least } = search;
  const rows = useMemo(() => narrow(books.rows, { ...(model === undefined ? {} : { model }), ...(least === undefined ? {} : { least }) }), [books.rows, model, least]);
  const { paused, causes, top, hold, go } = usePause(rows[0]?.seq);
  const waiting = paused ? newerThan(rows, top) : 0;
  const shown = useDeferredValue(waiting === 0 ? rows : rows.slice(waiting));
  const { names, ask, askIds } = useNames();
  const scroller = useRef<HTMLDivElement>(null);
  const opened = search.row !== undefined;
  useEffect(() => hold('drawer', opened), [hold, opened]);
  const { person } = search;
  useEffect(() => {
    void askIds(person === undefined ? [] : [person]);
  }, [askIds, person]);
  const narrowed = search.kind !== undefined || search.person !== undefined || model !== undefined || least !== undefined;
  const resume = () => {
    scroller.current?.scrollTo({ top: 0 });
    go();
  };
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        <Tooltip label={t('exportTold', { n: count(rows.length) })}>
          <Button variant="default" size="sm" leftSection={<IconDownload size={16} aria-hidden />} disabled={rows.length === 0} onClick={() => void ask(rows).then((all) => save(fileName(), ledgerFile(rows, all)))}>
            {t('export')}
          </Button>
        </Tooltip>
      }
    >
      <FilterBar search={search} change={change} personName={names.get(search.person ?? '')?.name} />
      <StateLine rows={rows} paused={paused} pinned={causes.has('button')} waiting={waiting} pause={() => hold('button', true)} resume={resume} />
      {error !== undefined && <Trouble error={error} retry={again} />}
      {!started && error === undefined && <SkeletonRows rows={12} />}
      {started && rows.length === 0 && older === 'none' && <Empty title={t(narrowed ? 'noMatch' : 'none')}>{t(narrowed ? 'noMatchTold' : 'noneTold')}</Empty>}
      {(rows.length > 0 || (started && older !== 'none')) && (
        <LedgerTable
          rows={shown}
          names={names}
          moving={!paused}
          scroller={scroller}
          hold={hold}
          see={ask}
          open={(id) => change({ row: id })}
          older={older}
          readOlder={readOlder}
          end={t(books.rows.length >= limit ? 'full' : narrowed ? 'endFiltered' : 'end', { n: count(limit) })}
        />
      )}
      <RowDrawer id={search.row} close={() => change({ row: undefined })} open={(row) => change({ row })} only={(id) => change({ person: id, row: undefined })} />
    </Page>
  );
}

const fileName = () => `ledger-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.csv`;
