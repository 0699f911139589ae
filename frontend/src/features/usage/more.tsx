import { Button, Center, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Trouble } from '../../shared/ui/states.tsx';
import type { Pages } from './use-pages.ts';
import { useUsageWords } from './words.ts';

/** The foot of a list: reads on when it comes near, and for who has no scrolling, when it is asked to. */
export function More({ pages }: { readonly pages: Pages<{ readonly id: string }> }) {
  const t = useUsageWords();
  const foot = useRef<HTMLDivElement>(null);
  const { more, reading, error, readMore, retry } = pages;
  useEffect(() => {
    if (foot.current === null || !more || reading || error !== undefined || typeof IntersectionObserver === 'undefined') {
      return undefined;
    }
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && readMore(), { rootMargin: '400px' });
    observer.observe(foot.current);
    return () => observer.disconnect();
  }, [more, reading, error, readMore]);
  return (
    <Center ref={foot} py="sm" mih={52}>
      {error !== undefined ? (
        <Trouble error={error} retry={retry} />
      ) : more ? (
        <Button variant="subtle" size="xs" onClick={readMore} disabled={reading}>
          {t(reading ? 'reading' : 'older')}
        </Button>
      ) : (
        <Text size="sm" c="dimmed">
          {t('end')}
        </Text>
      )}
    </Center>
  );
}
