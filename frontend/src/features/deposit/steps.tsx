import { Paper, Text, Title, VisuallyHidden } from '@mantine/core';
import { IconCircle, IconCircleCheck, IconCircleX, IconLoader2 } from '@tabler/icons-react';
import { useSubscription } from 'urql';
import { DepositProgressDocument, type DepositProgressSubscription } from '../../graphql/graphql.ts';
import classes from './deposit.module.css';
import { type Step, type StepState, stepsOf, wordOf } from './progress.ts';
import { useDepositWords } from './words.ts';

const icons = { waiting: IconCircle, running: IconLoader2, passed: IconCircleCheck, failed: IconCircleX };

const add = (steps: readonly Step[] = [], { depositProgress: step }: DepositProgressSubscription) => [...steps.filter((one) => one.step !== step.step), step];

/** The steps of one attempt, as they happen. */
export function Steps({ id, over }: { readonly id: string; /** Whether the answer is there. */ readonly over: boolean }) {
  const t = useDepositWords();
  const [{ data }] = useSubscription({ query: DepositProgressDocument, variables: { id } }, add);
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="steps">
      <Title order={2} size="sm" mb="sm" id="steps">
        {t('steps')}
      </Title>
      <ol className={classes.steps} aria-live="polite">
        {stepsOf(data ?? [], over).map((step) => (
          <One key={step.name} step={step} />
        ))}
      </ol>
    </Paper>
  );
}

function One({ step }: { readonly step: StepState }) {
  const t = useDepositWords();
  const Icon = icons[step.state];
  const known = step.detail === undefined ? undefined : wordOf(step.detail);
  return (
    <li className={classes.step} data-state={step.state}>
      <Icon size={18} aria-hidden {...(step.state === 'running' ? { className: classes.running } : {})} />
      <Text size="sm" fw={600} span>
        {t(step.name)} <VisuallyHidden>{t(step.state)}</VisuallyHidden>
        {step.elapsedMs !== undefined && (
          <Text span size="xs" c="dimmed" fw={400} className="money">
            {step.elapsedMs} ms
          </Text>
        )}
      </Text>
      {step.detail !== undefined && (
        <Text size="xs" c="dimmed" style={{ gridColumn: 2 }}>
          {known === undefined ? step.detail : t(known.word, known.values)}
        </Text>
      )}
    </li>
  );
}
