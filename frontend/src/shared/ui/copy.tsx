import { ActionIcon, Button, type ButtonProps, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { defineWords } from '../words/words.ts';

const useWords = defineWords(
  'copy',
  { copied: 'Copied', failed: 'Your browser did not allow it: select the text and copy it yourself' },
  { copied: '已复制', failed: '浏览器不允许复制，请手动选中并复制' },
);

type State = 'idle' | 'copied' | 'failed';

function useCopy(text: string): { readonly state: State; readonly copy: () => void } {
  const [state, setState] = useState<State>('idle');
  useEffect(() => {
    if (state === 'idle') {
      return undefined;
    }
    const back = setTimeout(() => setState('idle'), 2500);
    return () => clearTimeout(back);
  }, [state]);
  const copy = () => {
    // Pages that did not come over HTTPS have no clipboard.
    const written = (navigator.clipboard as Clipboard | undefined)?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    written.then(
      () => setState('copied'),
      () => setState('failed'),
    );
  };
  return { state, copy };
}

const icons = { idle: IconCopy, copied: IconCheck, failed: IconAlertTriangle } as const;

/** Copies a text, and says so. */
export function CopyButton({ text, children, ...props }: ButtonProps & { readonly text: string; readonly children: string }) {
  const t = useWords();
  const { state, copy } = useCopy(text);
  const Icon = icons[state];
  return (
    <Tooltip label={t('failed')} opened={state === 'failed'} multiline maw={260}>
      <Button variant="default" size="xs" aria-live="polite" leftSection={<Icon size={14} aria-hidden />} onClick={copy} {...props}>
        {state === 'copied' ? t('copied') : children}
      </Button>
    </Tooltip>
  );
}

/** The same, as small as an icon. */
export function CopyIcon({ text, label }: { readonly text: string; readonly label: string }) {
  const t = useWords();
  const { state, copy } = useCopy(text);
  const Icon = icons[state];
  const said = state === 'idle' ? label : t(state);
  return (
    <Tooltip label={said}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={said} aria-live="polite" onClick={copy}>
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
