import { Drawer, Group, Stack, Title } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
import classes from './common.module.css';
import { useCommonWords } from './words.ts';

interface SideDrawerProps {
  readonly opened: boolean;
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
  readonly size?: number;
}

/** All there is to see of a row, beside the list. */
export function SideDrawer({ opened, title, close, children, size = 640 }: SideDrawerProps) {
  const t = useCommonWords();
  return (
    <Drawer.Root opened={opened} onClose={close} position="right" size={size} classNames={{ content: classes['drawer'] ?? '' }}>
      <Drawer.Overlay backgroundOpacity={0.3} />
      <Drawer.Content>
        <div className={`${classes.head} ${classes.header}`}>
          <Drawer.Title fw={600} fz="lg" style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Drawer.Title>
          <Drawer.CloseButton aria-label={t('close')} />
        </div>
        <Drawer.Body>{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

/** A part of a drawer. */
export function Section({ title, action, children }: { readonly title: string; readonly action?: ReactNode; readonly children: ReactNode }) {
  return (
    <Stack gap="xs" component="section">
      <Group justify="space-between">
        <Title order={3} size="md">
          {title}
        </Title>
        {action}
      </Group>
      {children}
    </Stack>
  );
}

/** A name and a value; where the value is undefined there is nothing to say. */
export type Fact = readonly [string, ReactNode];
export const fact = (name: string, value: ReactNode): Fact => [name, value];

/** Names and values; a fact whose value is undefined is left out. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className={classes.facts}>
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
    </dl>
  );
}
