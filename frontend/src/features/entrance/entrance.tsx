import { Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { PublicFrame } from '../../shared/ui/public-frame.tsx';
import classes from './entrance.module.css';

interface EntranceProps {
  readonly title: string;
  readonly lead?: string;
  readonly children: ReactNode;
  /** Where else to go. */
  readonly below?: ReactNode;
}

/** A page that somebody comes in by: one thing to do, in the middle. */
export function Entrance({ title, lead, children, below }: EntranceProps) {
  useEffect(() => {
    document.title = `${title} · Resource Pool`;
  }, [title]);
  return (
    <PublicFrame>
      <div className={classes.middle}>
        <Stack gap="lg" className={classes.card}>
          <div>
            <Title order={1} size="h2">
              {title}
            </Title>
            {lead !== undefined && (
              <Text c="dimmed" size="sm" mt={4}>
                {lead}
              </Text>
            )}
          </div>
          {children}
        </Stack>
        {below !== undefined && <div className={classes.below}>{below}</div>}
      </div>
    </PublicFrame>
  );
}
