import { Paper, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** One number that matters, what it is, and what to know about it. */
export function Figure({ label, children, note }: { readonly label: string; readonly children: ReactNode; readonly note?: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          {label}
        </Text>
        <Text fz={28} fw={600} lh={1.2} component="div">
          {children}
        </Text>
        {note !== undefined && (
          <Text size="sm" c="dimmed" component="div">
            {note}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
