import { Group, Paper, Stack, Tabs, Text, Title } from '@mantine/core';
import { languageNames, languages, snippet, type SnippetLanguage } from '../../shared/snippets.ts';
import { Code } from '../../shared/ui/code.tsx';
import { CopyIcon } from '../../shared/ui/copy.tsx';
import { useWords } from './words.ts';

const installs: Readonly<Partial<Record<SnippetLanguage, string>>> = { python: 'pip install openai', node: 'npm install openai', anthropic: 'pip install anthropic' };

/** How a program asks the pool, with a token that was just made where there is one. */
export function QuickStart({ origin, model, token }: { readonly origin: string; readonly model: string; readonly token: string | undefined }) {
  const t = useWords();
  const base = `${origin}/v1`;
  return (
    <Paper withBorder p="md" component="section" aria-label={t('quick')} miw={0}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          {t('quick')}
        </Title>
        <Text size="sm" c="dimmed">
          {token === undefined ? t('quickHint') : t('quickNew')}
        </Text>
        <Group gap={4} wrap="nowrap">
          <Text size="sm" truncate title={base}>
            {t('base')}: <code>{base}</code>
          </Text>
          <CopyIcon text={base} label={t('copyBase')} />
        </Group>
        <Tabs defaultValue="curl" keepMounted={false}>
          <Tabs.List>
            {languages.map((language) => (
              <Tabs.Tab key={language} value={language} px="xs">
                {languageNames[language]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {languages.map((language) => (
            <Tabs.Panel key={language} value={language} pt="sm">
              {installs[language] !== undefined && (
                <Text size="sm" c="dimmed" mb="xs">
                  {t('install')} <code>{installs[language]}</code>
                </Text>
              )}
              <Code
                code={snippet(language, { origin, model, messages: [{ role: 'user', content: t('hello') }], ...(token === undefined ? {} : { token }) })}
                label={t('program', { language: languageNames[language] })}
                copy={t('copyProgram')}
                height={360}
              />
            </Tabs.Panel>
          ))}
        </Tabs>
      </Stack>
    </Paper>
  );
}
