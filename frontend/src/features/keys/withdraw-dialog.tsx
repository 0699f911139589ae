import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from 'urql';
import { WithdrawKeyDocument } from '../../graphql/graphql.ts';
import { formatUnits, showAmount, unitsOf } from '../../shared/money.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { Dialog } from '../../shared/ui/dialog.tsx';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import { useToast } from '../../shared/ui/toast.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import { type Withdrawal, withdrawalOf } from './amounts.ts';
import classes from './keys.module.css';
import type { Names } from './names.ts';
import type { Key } from './state.ts';
import { useKeysWords } from './words.ts';

const minus = (amount: string) => formatUnits(-unitsOf(amount));

/** Takes a key out of the pool, once its owner has seen what that costs. */
export default function WithdrawDialog({ of: key, names, close }: { readonly of: Key; readonly names: Names; readonly close: () => void }) {
  const t = useKeysWords();
  const say = useSayProblem();
  const toast = useToast();
  const confirmed = useConfirmed();
  const { wallet } = useViewer();
  const [{ fetching, error }, withdraw] = useMutation(WithdrawKeyDocument);
  const amounts = withdrawalOf(key, names.feeRate, wallet?.available ?? '0');
  const vests = unitsOf(wallet?.vesting ?? '0') > 0n;
  const short = unitsOf(amounts.after) < 0n;
  const missing = showAmount(minus(amounts.after), 4).text;
  const problem = error === undefined || fetching ? undefined : problemOf(error);

  const take = async () => {
    const { data } = await confirmed(() => withdraw({ id: key.id }));
    if (data != null) {
      const { credited, fee } = data.withdrawResource;
      toast({ text: t('withdrawn_done', { label: key.label, credits: showAmount(minus(credited), 4).text, fee: showAmount(minus(fee), 4).text }) });
      close();
    }
  };
  return (
    <Dialog title={t('withdrawTitle', { label: key.label })} close={close}>
      <Stack>
        <Amounts of={amounts} />
        {[...(vests ? [t('wVesting')] : []), t('wAbout'), ...(unitsOf(key.reservedQuota) > 0n ? [t('wInFlight')] : []), t('wDestroyed')].map((note) => (
          <Text key={note} size="xs" c="dimmed">
            {note}
          </Text>
        ))}
        {short && !vests && problem === undefined && (
          <Text size="sm" c="var(--warn)">
            {t('wShort', { missing })}
          </Text>
        )}
        {problem !== undefined && (
          <Text size="sm" c="var(--bad)" role="alert">
            {problem.code === 'INSUFFICIENT_CREDITS' ? t('wMissing', { missing: short ? missing : '?' }) : say(problem)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t('cancel')}
          </Button>
          <Button color="red" loading={fetching} onClick={() => void take()}>
            {t('wDo')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

function Amounts({ of: { left, credits, fee, available, after } }: { readonly of: Withdrawal }) {
  const t = useKeysWords();
  return (
    <dl className={classes.amounts}>
      <dt>{t('wLeft')}</dt>
      <dd>
        <Dollars amount={left} />
      </dd>
      <dt>{t('wFee')}</dt>
      <dd>
        <Credits amount={fee} />
      </dd>
      <dt>{t('wAvailable')}</dt>
      <dd>
        <Credits amount={available} />
      </dd>
      <dt>{t('wCredits')}</dt>
      <dd>
        <Credits amount={minus(credits)} />
      </dd>
      <dt className={classes.sum}>{t('wAfter')}</dt>
      <dd className={classes.sum}>
        <Credits amount={after} />
      </dd>
    </dl>
  );
}
