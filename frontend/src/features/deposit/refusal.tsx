import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { showAmount, unitsOf } from '../../shared/money.ts';
import { type Problem, useSayProblem } from '../../shared/problem.ts';
import { useDepositWords } from './words.ts';

interface RefusalProps {
  readonly problem: Problem;
  /** The provider's name. */
  readonly provider: string;
  /** Declares what the provider reports. */
  readonly declare: (quota: string) => void;
}

/** Why a deposit was refused, what that means, and what to do. */
export function Refusal({ problem, provider, declare }: RefusalProps) {
  const t = useDepositWords();
  const say = useSayProblem();
  const { extensions } = problem;
  const actual = typeof extensions['actualQuota'] === 'string' ? extensions['actualQuota'] : '0';
  switch (problem.code) {
    case 'KEY_REJECTED':
      return <Told title={t('rejectedTitle')} advice={t('rejectedDo', { provider })} />;
    case 'KEY_ALREADY_DEPOSITED':
      return (
        <Told title={t('alreadyTitle')} advice={t('alreadyDo')}>
          <Button component={Link} to="/keys" size="xs" variant="default">
            {t('see')}
          </Button>
        </Told>
      );
    case 'DECLARED_QUOTA_TOO_HIGH': {
      const amount = showAmount(actual, 4).text;
      const some = unitsOf(actual) > 0n;
      return (
        <Told title={t('highTitle')} what={some ? t('highIs', { amount }) : t('highEmpty')} advice={some ? t('highDo') : t('highEmptyDo')}>
          {some && (
            <Button size="xs" variant="default" onClick={() => declare(actual)}>
              {t('useActual', { amount })}
            </Button>
          )}
        </Told>
      );
    }
    case 'PROVIDER_UNREACHABLE':
      return <Told title={t('unreachableTitle')} advice={t('unreachableDo')} />;
    case 'RATE_LIMITED': {
      const seconds = Number(extensions['retryAfterSeconds'] ?? 60);
      const wait = seconds < 90 ? t('seconds', { count: seconds }) : t('minutes', { count: Math.ceil(seconds / 60) });
      return <Told title={t('limitedTitle')} advice={t('limitedDo', { wait })} />;
    }
    case 'BAD_USER_INPUT':
      return <Told title={t('invalidTitle')} advice={problem.field === undefined ? problem.message : t('invalidDo')} />;
    case 'OFFLINE':
      return <Told title={t('offlineTitle')} advice={t('offlineDo')} unknown />;
    default:
      return <Told title={t('otherTitle')} advice={say(problem)} />;
  }
}

interface ToldProps {
  readonly title: string;
  readonly what?: string;
  readonly advice: string;
  /** Whether it is not known what became of it. */
  readonly unknown?: boolean;
  readonly children?: ReactNode;
}

function Told({ title, what, advice, unknown = false, children }: ToldProps) {
  const t = useDepositWords();
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={title} role="alert">
      <Stack gap={6} align="flex-start">
        {what !== undefined && <Text size="sm">{what}</Text>}
        <Text size="sm">{unknown ? t('kept') : `${t('nothingKept')} ${t('kept')}`}</Text>
        <Text size="sm">{advice}</Text>
        {children}
      </Stack>
    </Alert>
  );
}
