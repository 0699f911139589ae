import { Button } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useState } from 'react';
import { useWords } from './words.ts';

/** Copies a text, and says so. */
export function Copy({ text, children }: { readonly text: string; readonly children: string }) {
  const t = useWords();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <Button variant="default" size="xs" aria-live="polite" leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />} onClick={() => void copy()}>
      {copied ? t('copied') : children}
    </Button>
  );
}
