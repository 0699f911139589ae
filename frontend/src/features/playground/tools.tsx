import { Button, Group, Menu, Text } from '@mantine/core';
import { IconCheck, IconChevronDown, IconCode, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { graphqlDocument, languageNames, snippet, type SnippetRequest } from '../../shared/snippets.ts';
import { useWords } from './words.ts';

const programs = ['curl', 'python', 'node', 'graphql'] as const;

/** What can be done with a conversation: copied as a program that says the same, and begun anew. */
export function Tools({ request, clear }: { readonly request: SnippetRequest | undefined; readonly clear: () => void }) {
  const t = useWords();
  const [copied, setCopied] = useState<'copied' | 'copyFailed'>();
  const copy = (language: (typeof programs)[number]) => {
    if (request === undefined) {
      return;
    }
    const text = language === 'graphql' ? graphqlDocument(request) : snippet(language, request);
    const written = (navigator.clipboard as Clipboard | undefined)?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    written.then(
      () => setCopied('copied'),
      () => setCopied('copyFailed'),
    );
  };
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed" component="output" aria-live="polite">
        {copied !== undefined && t(copied)}
      </Text>
      <Menu position="bottom-end" onOpen={() => setCopied(undefined)}>
        <Menu.Target>
          <Button
            variant="default"
            size="sm"
            disabled={request === undefined}
            leftSection={copied === 'copied' ? <IconCheck size={16} aria-hidden /> : <IconCode size={16} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {t('copyAs')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {programs.map((language) => (
            <Menu.Item key={language} onClick={() => copy(language)}>
              {languageNames[language]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button variant="default" size="sm" leftSection={<IconPlus size={16} aria-hidden />} disabled={request === undefined} onClick={clear}>
        {t('clear')}
      </Button>
    </Group>
  );
}
