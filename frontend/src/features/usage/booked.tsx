import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { type Problem, useSayProblem } from '../../shared/problem.ts';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import { fetchReceipt, receiptPath } from './receipt.ts';
import type { Request } from './request-drawer.tsx';
import classes from './usage.module.css';
import { useRequestWords } from './words.ts';

const owned = { wallet: 'wallet', vesting: 'vesting', debt: 'debt', resource: 'key' } as const;
const isOwned = (kind: string): kind is keyof typeof owned => Object.hasOwn(owned, kind);

/** What the request moved on the viewer's own accounts, and the proof of it. */
export function Booked({ request, refresh }: { readonly request: Request; readonly refresh: () => void }) {
  const t = useRequestWords();
  const viewer = useViewer();
  const say = useSayProblem();
  const [problem, setProblem] = useState<Problem>();
  const { transaction } = request;
  if (transaction === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('notBooked')}
      </Text>
    );
  }
  const { seq, postings, proof } = transaction;
  // Admins are told of all accounts; here it is about one's own.
  const mine = postings.filter(({ account }) => account.endsWith(`:${viewer.id}`) && isOwned(account.split(':', 1)[0] ?? ''));
  return (
    <Stack gap="xs">
      <Title order={3} size="sm">
        {t('booked')}
      </Title>
      <table className={classes.postings} aria-label={t('transaction', { seq })}>
        <thead>
          <tr>
            <th scope="col">{t('account')}</th>
            <th scope="col">{t('amount')}</th>
          </tr>
        </thead>
        <tbody>
          {mine.map(({ account, asset, amount }) => {
            const [kind = ''] = account.split(':', 1);
            return (
              <tr key={`${account} ${asset} ${amount}`}>
                <td title={account}>{isOwned(kind) ? t(owned[kind]) : account}</td>
                <td>{asset === 'CREDIT' ? <Credits amount={amount} places={9} signed /> : <Dollars amount={amount} places={9} signed />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Text size="sm" c="dimmed">
        {t('transaction', { seq })} · <span className={classes.id}>{transaction.hash.slice(0, 16)}…</span>
      </Text>
      {proof === null ? (
        <Group gap="xs">
          <Text size="sm">{t('signing')}</Text>
          <Button size="compact-sm" variant="default" onClick={refresh}>
            {t('checkIt')}
          </Button>
        </Group>
      ) : (
        <div>
          <Button
            component="a"
            href={receiptPath(seq)}
            download={`receipt-${seq}.json`}
            variant="default"
            size="sm"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={(event) => {
              event.preventDefault();
              void fetchReceipt(seq).then(setProblem);
            }}
          >
            {t('receipt')}
          </Button>
          <Text size="xs" c="dimmed" mt={4}>
            {t('receiptTold')}
          </Text>
        </div>
      )}
      {problem !== undefined && (
        <Alert color="red" variant="light" role="alert">
          {problem.code === 'CONFLICT' ? t('signing') : say(problem)}
        </Alert>
      )}
    </Stack>
  );
}
