import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { type CombinedError, useClient } from 'urql';
import { type PoolUsageLogFilter, UsageRequestsDocument } from '../../graphql/graphql.ts';
import { isOwn } from '../../shared/own-requests.ts';
import { csvFile, save } from '../../shared/save.ts';
import { useViewer } from '../../shared/viewer.tsx';
import { readAll } from './read-all.ts';
import { requestFile } from './request-file.ts';
import classes from './usage.module.css';
import { useUsageWords } from './words.ts';

const page = 100;
// 5 000 requests: more than that takes too long to wait for.
const mostPages = 50;

/** What came of an export. */
export interface Exported {
  readonly error?: CombinedError | undefined;
  /** So many requests are in the file and there are more. */
  readonly cut?: number;
}

/** Puts all requests that the filter lets through into a CSV file. */
export function ExportButton({ filter, then }: { readonly filter: PoolUsageLogFilter; readonly then: (done: Exported) => void }) {
  const t = useUsageWords();
  const viewer = useViewer();
  const client = useClient();
  const [read, setRead] = useState<number>();
  const run = async () => {
    setRead(0);
    let wrong: CombinedError | undefined;
    const all = await readAll(
      async (after) => {
        const { data, error } = await client.query(UsageRequestsDocument, { filter, first: page, after }, { requestPolicy: 'network-only' }).toPromise();
        wrong = error;
        return data?.usageLogs;
      },
      (row) => isOwn(row, viewer),
      mostPages,
      setRead,
    );
    setRead(undefined);
    if (all !== undefined) {
      save('requests.csv', csvFile(requestFile(all.rows)));
    }
    then(all === undefined ? { error: wrong } : all.cut ? { cut: all.rows.length } : {});
  };
  return (
    <Button className={classes.export} variant="default" size="sm" leftSection={<IconDownload size={16} aria-hidden />} disabled={read !== undefined} onClick={() => void run()}>
      {read === undefined ? t('export') : t('exporting', { n: read })}
    </Button>
  );
}
