import { Tooltip } from '@mantine/core';
import { Credits } from '../../shared/ui/money.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import { Card } from './card.tsx';
import classes from './home.module.css';
import { useHomeWords } from './words.ts';

/** What there is to spend, and what there is beside it. */
export function BalanceCard() {
  const t = useHomeWords();
  const { wallet } = useViewer();
  if (wallet === null) {
    return null;
  }
  const { available, held, vesting, owed } = wallet;
  return (
    <Card title={t('available')}>
      <div className={classes.figure}>
        <Credits amount={available} places={2} />
      </div>
      <dl className={classes.facts}>
        <Fact name={t('held')} told={t('heldTold')} amount={held} />
        <Fact name={t('vesting')} told={t('vestingTold')} amount={vesting} />
        {owed !== '0' && <Fact name={t('owed')} told={t('owedTold')} amount={owed} bad />}
      </dl>
    </Card>
  );
}

function Fact({ name, told, amount, bad = false }: { readonly name: string; readonly told: string; readonly amount: string; readonly bad?: boolean }) {
  return (
    <>
      <Tooltip label={told} multiline w={260} openDelay={300}>
        <dt className={bad ? classes.owed : undefined}>{name}</dt>
      </Tooltip>
      <dd className={bad ? classes.owed : undefined}>
        <Credits amount={amount} places={2} />
      </dd>
    </>
  );
}
