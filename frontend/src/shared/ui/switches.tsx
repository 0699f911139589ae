import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconLanguage, IconMoon, IconSun } from '@tabler/icons-react';
import { languages } from '../words/language.ts';
import { defineWords, speak, useLanguage } from '../words/words.ts';

const useWords = defineWords(
  'switches',
  { language: 'Language', light: 'Light colours', dark: 'Dark colours' },
  { language: '语言', light: '浅色', dark: '深色' },
);

/** Changes to the other language. */
export function Languages() {
  const t = useWords();
  const { language } = useLanguage();
  const other = language === 'en' ? 'zh' : 'en';
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" title={languages[other]} aria-label={`${t('language')}: ${languages[other]}`} onClick={() => speak(other)}>
      <IconLanguage size={18} aria-hidden />
    </ActionIcon>
  );
}

/** Changes between light and dark. */
export function Colours() {
  const t = useWords();
  const { setColorScheme } = useMantineColorScheme();
  const next = useComputedColorScheme('light') === 'light' ? 'dark' : 'light';
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" title={t(next)} aria-label={t(next)} onClick={() => setColorScheme(next)}>
      {next === 'dark' ? <IconMoon size={18} aria-hidden /> : <IconSun size={18} aria-hidden />}
    </ActionIcon>
  );
}
