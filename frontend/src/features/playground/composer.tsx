import { Button, Group, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlayerStopFilled, IconSend2 } from '@tabler/icons-react';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { type CompleteInput, PlaygroundEstimateDocument } from '../../graphql/graphql.ts';
import { showAmount, unitsOf } from '../../shared/money.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useViewer } from '../../shared/viewer.tsx';
import classes from './playground.module.css';
import { useWords } from './words.ts';

interface ComposerProps {
  /** What would be asked with this message; undefined where the settings do not allow it. */
  readonly input: (question: string) => CompleteInput | undefined;
  readonly running: boolean;
  readonly send: (question: string, input: CompleteInput) => void;
  readonly stop: () => void;
}

/** Where a message is written, with the most that it can cost beside the button that sends it. */
export function Composer({ input, running, send, stop }: ComposerProps) {
  const t = useWords();
  const [question, setQuestion] = useState('');
  const asked = question.trim() === '' ? undefined : input(question);
  const submit = () => {
    if (asked !== undefined && !running) {
      send(question, asked);
      setQuestion('');
    }
  };
  const press = (event: KeyboardEvent) => {
    // While a word is being composed, as in Chinese, Enter belongs to it.
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      submit();
    }
  };
  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Textarea
        aria-label={t('message')}
        placeholder={t('messageHint')}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page is for writing here
        autoFocus
        autosize
        minRows={2}
        maxRows={8}
        value={question}
        onChange={(event) => setQuestion(event.currentTarget.value)}
        onKeyDown={press}
      />
      <Group justify="flex-end" gap="sm" mt="xs">
        <Most input={asked} />
        {running ? (
          <Button color="red" leftSection={<IconPlayerStopFilled size={16} aria-hidden />} onClick={stop} aria-keyshortcuts="Escape">
            {t('stop')}
          </Button>
        ) : (
          <Button type="submit" leftSection={<IconSend2 size={16} aria-hidden />} disabled={asked === undefined}>
            {t('send')}
          </Button>
        )}
      </Group>
    </form>
  );
}

/** The most that a message can cost. */
function Most({ input }: { readonly input: CompleteInput | undefined }) {
  const t = useWords();
  const say = useSayProblem();
  const { wallet } = useViewer();
  // It is a new object at every key; what it says is what counts.
  const told = input === undefined ? '' : JSON.stringify(input);
  const [settled] = useDebouncedValue(told, 400);
  const asked = useMemo<CompleteInput | undefined>(() => (settled === '' ? undefined : (JSON.parse(settled) as CompleteInput)), [settled]);
  const [{ data, error, fetching }] = useQuery({
    query: PlaygroundEstimateDocument,
    variables: { input: asked ?? { model: '', messages: [] } },
    pause: asked === undefined,
    requestPolicy: 'network-only',
  });
  if (told === '' || asked === undefined) {
    return null;
  }
  if (error !== undefined) {
    return (
      <Text size="sm" c="var(--bad)" flex={1} ta="right">
        {say(problemOf(error))}
      </Text>
    );
  }
  if (data === undefined || data === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('estimating')}
      </Text>
    );
  }
  const { maximum } = data.estimate;
  const { text, exact } = showAmount(maximum);
  const dear = wallet != null && unitsOf(maximum) > unitsOf(wallet.available);
  return (
    <Text size="sm" c={dear ? 'var(--warn)' : 'dimmed'} className="money" title={exact} opacity={told === settled && !fetching ? 1 : 0.6}>
      {t('atMost', { amount: text })}
      {dear && ` · ${t('tooDear')}`}
    </Text>
  );
}
