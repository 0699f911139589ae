import { Alert, Button, Group, Select, Stack } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { UsageSinceDocument, UsageStatementDocument } from '../../graphql/graphql.ts';
import { type Problem, useSayProblem } from '../../shared/problem.ts';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { useWalletChange } from '../../shared/use-wallet-change.ts';
import { useLanguage } from '../../shared/words/words.ts';
import { monthsSince, statementPath } from './months.ts';
import { More } from './more.tsx';
import { fetchReceipt } from './receipt.ts';
import { type Entry, StatementTable } from './statement-table.tsx';
import classes from './usage.module.css';
import { usePages, usePlace } from './use-pages.ts';
import { useStatementWords } from './words.ts';

const page = 50;

const list = 'statement';

/** Reads the statement, always anew: every line that comes moves the pages. */
function useStatement() {
  const place = usePlace(list);
  const { after } = place;
  const [{ data, error, fetching, stale, operation }, again] = useQuery({ query: UsageStatementDocument, variables: { first: page, after }, requestPolicy: 'network-only' });
  const there = data != null && !fetching && !stale && operation !== undefined && (operation.variables.after ?? null) === after;
  const { edges = [], pageInfo } = data?.viewer?.wallet?.entries ?? {};
  return usePages<Entry>(place, {
    page: there ? { list, after, rows: edges.map(({ node }) => node), next: pageInfo?.hasNextPage === true ? pageInfo.endCursor : null } : undefined,
    error,
    retry: () => again({ requestPolicy: 'network-only' }),
  });
}

/** What came to the viewer's wallet and what left it. */
export function Statement() {
  const t = useStatementWords();
  const say = useSayProblem();
  const [problem, setProblem] = useState<Problem>();
  const [newer, setNewer] = useState(false);
  const [visit, setVisit] = useState(0);
  useWalletChange(() => setNewer(true));
  const show = () => {
    setNewer(false);
    setVisit(visit + 1);
    window.scrollTo({ top: 0 });
  };
  return (
    <Stack gap="md">
      <Download />
      {problem !== undefined && (
        <Alert color={problem.code === 'CONFLICT' ? 'yellow' : 'red'} variant="light" role="alert" withCloseButton closeButtonLabel={t('dismiss')} onClose={() => setProblem(undefined)}>
          {problem.code === 'CONFLICT' ? t('signing') : say(problem)}
        </Alert>
      )}
      {newer && (
        <Button variant="light" size="compact-sm" style={{ alignSelf: 'center' }} onClick={show}>
          {t('newer')}
        </Button>
      )}
      <Lines key={visit} receipt={(seq) => void fetchReceipt(seq).then(setProblem)} />
    </Stack>
  );
}

function Lines({ receipt }: { readonly receipt: (seq: string) => void }) {
  const t = useStatementWords();
  const pages = useStatement();
  const { rows, error, retry } = pages;
  if (rows === undefined) {
    return error === undefined ? <SkeletonRows rows={10} /> : <Trouble error={error} retry={retry} />;
  }
  if (rows.length === 0) {
    return (
      <Empty
        title={t('none')}
        action={
          <Button component={Link} to="/deposit">
            {t('deposit')}
          </Button>
        }
      >
        {t('noneTold')}
      </Empty>
    );
  }
  return (
    <>
      <div className={classes.frame}>
        <StatementTable rows={rows} receipt={receipt} />
      </div>
      <More pages={pages} />
    </>
  );
}

const whole = 'all';

/** The statement as the server writes it, of a month or of all. */
function Download() {
  const t = useStatementWords();
  const { tag } = useLanguage();
  const [{ data }] = useQuery({ query: UsageSinceDocument, requestPolicy: 'cache-first' });
  const [now] = useState(() => new Date());
  const [month, setMonth] = useState<string>(whole);
  const months = data?.viewer == null ? [] : monthsSince(data.viewer.createdAt, now);
  const named = (value: string) => new Date(`${value}-01T00:00:00Z`).toLocaleDateString(tag, { year: 'numeric', month: 'long', timeZone: 'UTC' });
  return (
    <Group gap="xs" justify="flex-end" align="flex-end">
      <Select
        aria-label={t('period')}
        data={[{ value: whole, label: t('whole') }, ...months.map((value) => ({ value, label: named(value) }))]}
        value={month}
        onChange={(value) => setMonth(value ?? whole)}
        allowDeselect={false}
        size="sm"
        w={190}
      />
      <Button component="a" href={statementPath(month === whole ? null : month)} download variant="default" size="sm" leftSection={<IconDownload size={16} aria-hidden />}>
        {t('download')}
      </Button>
    </Group>
  );
}
