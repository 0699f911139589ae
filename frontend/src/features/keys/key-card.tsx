import { Anchor, Group, Paper, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Facts } from './facts.tsx';
import { KeyActs } from './key-acts.tsx';
import { KeyState, QuotaBar } from './key-state.tsx';
import classes from './keys.module.css';
import type { Names } from './names.ts';
import { isOver, type Key } from './state.ts';

/** A key: how it is, what is left on it, how it does, what can be done. */
export function KeyCard({ of: key, names, now }: { readonly of: Key; readonly names: Names; readonly now: Date }) {
  return (
    <Paper withBorder p="md" component="article" className={classes.card} aria-labelledby={key.id} data-over={isOver(key) || undefined}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Title order={3} size="md" id={key.id} className={classes.name} title={key.label}>
          <Anchor component={Link} to={`/keys/${key.id}`} c="inherit" fw={600}>
            {key.label}
          </Anchor>
        </Title>
        <span className={classes.masked}>{key.maskedKey}</span>
      </Group>
      <KeyState of={key} names={names} now={now} />
      <QuotaBar of={key} />
      <Facts of={key} now={now} />
      <KeyActs of={key} names={names} />
    </Paper>
  );
}
