import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { CopyButton } from '../../shared/ui/copy.tsx';
import type { Made } from './create-token.tsx';
import classes from './tokens.module.css';
import { useWords } from './words.ts';

/** A new token's secret, which is shown this once. */
export function NewSecret({ made, kept }: { readonly made: Made; readonly kept: () => void }) {
  const t = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <Paper withBorder p="md" className={classes.made} component="section" aria-label={t('madeTitle', { name: made.token.name })}>
      <Stack gap="sm">
        <Title order={2} size="h4" ref={heading} tabIndex={-1} className={classes.heading}>
          {t('madeTitle', { name: made.token.name })}
        </Title>
        <Text size="sm">{t('madeText')}</Text>
        <code className={classes.secret} data-testid="secret">
          {made.secret}
        </code>
        <Group>
          <CopyButton text={made.secret} size="sm" variant="filled">
            {t('copyToken')}
          </CopyButton>
          <Button variant="default" onClick={kept}>
            {t('kept')}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
