import { Group, Paper, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import classes from './home.module.css';

/** One thing on the page, with its name. */
export function Card({ title, strong = false, aside, children }: { readonly title: string; readonly strong?: boolean; readonly aside?: ReactNode; readonly children: ReactNode }) {
  const id = useId();
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id} className={classes.card}>
      <Group justify="space-between" gap="xs" mb={4}>
        <Title order={2} id={id} className={strong ? classes.strong : classes.name}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Paper>
  );
}
