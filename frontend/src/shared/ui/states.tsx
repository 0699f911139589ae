import { Alert, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { CombinedError } from 'urql';
import { problemOf, useSayProblem } from '../problem.ts';
import { defineWords } from '../words/words.ts';

const useWords = defineWords('states', { again: 'Try again', loading: 'Loading' }, { again: '重试', loading: '加载中' });

/** Nothing to show yet, and what to do about it. */
export function Empty({ title, order = 2, children, action }: { readonly title: string; readonly order?: 2 | 3; readonly children?: ReactNode; readonly action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <Title order={order} size="h4">
        {title}
      </Title>
      {children !== undefined && (
        <Text c="dimmed" maw={480}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}

/** What went wrong, and a way to try again where there is one. */
export function Trouble({ error, retry }: { readonly error: CombinedError; readonly retry?: () => void }) {
  const say = useSayProblem();
  const t = useWords();
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} role="alert">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{say(problemOf(error))}</Text>
        {retry !== undefined && (
          <Button size="xs" variant="default" onClick={retry}>
            {t('again')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

/** The place of rows that are on their way. */
export function SkeletonRows({ rows = 6 }: { readonly rows?: number }) {
  const t = useWords();
  return (
    <Stack gap={8} component="output" aria-busy="true" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={28} />
      ))}
    </Stack>
  );
}
