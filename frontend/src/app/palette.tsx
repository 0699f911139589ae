import '@mantine/spotlight/styles.css';
import { createSpotlight, Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { isAdmin, useViewer } from '../shared/viewer.tsx';
import { languages } from '../shared/words/language.ts';
import { defineWords, speak, useLanguage } from '../shared/words/words.ts';
import { adminPlaces, places, usePlaceWords } from './places.ts';

const [store, palette] = createSpotlight();

const useWords = defineWords(
  'palette',
  { placeholder: 'Go to a page, or do something', nothing: 'Nothing is called that', go: 'Go to', speak: 'Language: {{name}}', api: 'GraphQL in the browser' },
  { placeholder: '前往页面或执行命令', nothing: '没有匹配的内容', go: '前往', speak: '语言：{{name}}', api: '在浏览器中使用 GraphQL' },
);

/** The command palette: every page, and what can be done from anywhere. */
export default function Palette({ opened, open }: { readonly opened: boolean; readonly open: (opened: boolean) => void }) {
  const t = useWords();
  const place = usePlaceWords();
  const viewer = useViewer();
  const navigate = useNavigate();
  const { language } = useLanguage();
  const other = language === 'en' ? 'zh' : 'en';
  useEffect(() => {
    if (opened) {
      palette.open();
    }
  }, [opened]);
  const actions: SpotlightActionData[] = [
    ...[...places, ...(isAdmin(viewer) ? adminPlaces : [])].map(({ word, to, icon: Icon }) => ({
      id: word,
      label: place(word),
      description: `${t('go')} ${to}`,
      leftSection: <Icon size={18} stroke={1.6} aria-hidden />,
      onClick: () => void navigate({ to }),
    })),
    { id: 'account', label: place('account'), onClick: () => void navigate({ to: '/account' }) },
    { id: 'language', label: t('speak', { name: languages[other] }), onClick: () => speak(other) },
    { id: 'graphiql', label: place('graphiql'), description: t('api'), onClick: () => window.location.assign('/graphiql') },
  ];
  return (
    <Spotlight
      store={store}
      actions={actions}
      shortcut={['mod + K']}
      onSpotlightClose={() => open(false)}
      nothingFound={t('nothing')}
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{ placeholder: t('placeholder'), 'aria-label': t('placeholder'), leftSection: <IconSearch size={18} aria-hidden /> }}
    />
  );
}
