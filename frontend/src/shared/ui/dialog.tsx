import { CloseButton, Group, Modal, Title } from '@mantine/core';
import type { PropsWithChildren } from 'react';
import { defineWords } from '../words/words.ts';

const useWords = defineWords('dialog', { close: 'Close' }, { close: '关闭' });

interface DialogProps {
  readonly title: string;
  readonly close: () => void;
}

/** Asks for something over the page. Its title is no banner, which the library's would be. */
export function Dialog({ title, close, children }: PropsWithChildren<DialogProps>) {
  const t = useWords();
  return (
    <Modal.Root opened onClose={close} centered>
      <Modal.Overlay />
      <Modal.Content aria-label={title}>
        <Modal.Body>
          <Group justify="space-between" wrap="nowrap" align="flex-start" mb="md">
            <Title order={2} size="md" style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Title>
            <CloseButton aria-label={t('close')} onClick={close} />
          </Group>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
