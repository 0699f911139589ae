import { Anchor, Button, Center, Stack, Text, Title } from '@mantine/core';
import { Link, useRouter } from '@tanstack/react-router';
import { defineWords } from '../shared/words/words.ts';

const useWords = defineWords(
  'crash',
  {
    title: 'This page broke',
    told: 'Something in the page went wrong. Your money and keys are as they were.',
    again: 'Load it again',
    notFound: 'There is nothing here',
    notFoundTold: 'The address leads nowhere, or to something that was taken away.',
    home: 'Go to the start',
  },
  {
    title: '页面出错了',
    told: '页面运行时出现问题。你的资金和密钥没有变化。',
    again: '重新加载',
    notFound: '这里什么也没有',
    notFoundTold: '地址有误，或内容已被移除。',
    home: '返回首页',
  },
);

/** In place of a page that broke. */
export function Crash() {
  const t = useWords();
  const router = useRouter();
  return (
    <Center mih="60vh">
      <Stack align="center" role="alert" ta="center">
        <Title order={1} size="h2">
          {t('title')}
        </Title>
        <Text c="dimmed">{t('told')}</Text>
        <Button onClick={() => void router.invalidate()}>{t('again')}</Button>
      </Stack>
    </Center>
  );
}

/** In place of a page that there is none of. */
export function NotFound() {
  const t = useWords();
  return (
    <Center mih="60vh" component="main">
      <Stack align="center" ta="center">
        <Title order={1} size="h2">
          {t('notFound')}
        </Title>
        <Text c="dimmed">{t('notFoundTold')}</Text>
        <Anchor component={Link} to="/">
          {t('home')}
        </Anchor>
      </Stack>
    </Center>
  );
}
