import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import type { DepositMutation } from '../../graphql/graphql.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';
import { Credits } from '../../shared/ui/money.tsx';
import classes from './deposit.module.css';
import { useDepositWords } from './words.ts';

/** What came of a deposit, and where to go from there. */
export function Done({ deposit, again }: { readonly deposit: DepositMutation['deposit']; readonly again: () => void }) {
  const t = useDepositWords();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { resource, fee, credited, vesting, transaction, viewer } = deposit;
  return (
    <Paper withBorder p="lg" maw={560}>
      <Stack>
        <Group gap="xs">
          <IconCircleCheck color="var(--good)" aria-hidden />
          <Title order={2} size="lg" ref={heading} tabIndex={-1}>
            {t('doneTitle')}
          </Title>
        </Group>
        <div>
          <Text size="sm" c="dimmed">
            {t('credited')}
          </Text>
          <Text fz={40} fw={600} lh={1.1} component="div">
            <Credits amount={credited} signed />
          </Text>
        </div>
        <dl className={classes.rows}>
          <dt>{t('doneFee')}</dt>
          <dd>
            <Credits amount={formatUnits(-unitsOf(fee))} />
          </dd>
          <dt>{t('doneVesting')}</dt>
          <dd>
            <Credits amount={vesting} />
          </dd>
          {viewer.wallet != null && (
            <>
              <dt className={classes.sum}>{t('doneNow')}</dt>
              <dd className={classes.sum}>
                <Credits amount={viewer.wallet.available} />
              </dd>
            </>
          )}
        </dl>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {t('doneLine', { label: resource.label, key: resource.maskedKey, seq: transaction.seq })}
        </Text>
        <Group gap="xs">
          <Button component={Link} to={`/keys/${resource.id}`}>
            {t('see')}
          </Button>
          <Button component={Link} to="/playground" variant="default">
            {t('use')}
          </Button>
          <Button variant="default" onClick={again}>
            {t('another')}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
