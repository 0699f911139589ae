import { Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import classes from './account.module.css';
import { Copy } from './copy.tsx';
import { Block } from './section.tsx';
import { useWords } from './words.ts';

/** Shows recovery codes, this once. */
export function RecoveryCodes({ codes, kept }: { readonly codes: readonly string[]; readonly kept: () => void }) {
  const t = useWords();
  const text = codes.join('\n');
  return (
    <Block>
      <Stack gap="sm">
        <div>
          <Text fw={600} size="sm" component="h3" m={0}>
            {t('codesTitle')}
          </Text>
          <Text size="sm" c="dimmed">
            {t('codesTold')}
          </Text>
        </div>
        <ul className={classes.codes} aria-label={t('codesTitle')}>
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <Group gap="xs">
          <Copy text={text}>{t('copyAll')}</Copy>
          <Button variant="default" size="xs" leftSection={<IconDownload size={14} aria-hidden />} onClick={() => download('resource-pool-recovery-codes.txt', `${text}\n`)}>
            {t('download')}
          </Button>
          <Button size="xs" onClick={kept}>
            {t('kept')}
          </Button>
        </Group>
      </Stack>
    </Block>
  );
}

/** Gives somebody a text as a file. */
function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
