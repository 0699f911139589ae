import { Alert, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type Problem, useSayProblem } from '../../shared/problem.ts';
import { useWords } from './words.ts';

/** Says what keeps somebody out, with the seconds to wait where the server names them. */
export function useSayRefusal(): (problem: Problem) => string {
  const t = useWords();
  const say = useSayProblem();
  return (problem) => {
    const seconds = problem.extensions['retryAfterSeconds'];
    return problem.code === 'RATE_LIMITED' && typeof seconds === 'number' ? t('wait', { count: seconds }) : say(problem);
  };
}

/** What keeps somebody out, above a form. */
export function Refusal({ children }: { readonly children: string }) {
  return (
    <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle aria-hidden />} py="xs">
      <Text size="sm">{children}</Text>
    </Alert>
  );
}
