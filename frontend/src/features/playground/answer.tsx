import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { unitsOf } from '../../shared/money.ts';
import { useSayProblem } from '../../shared/problem.ts';
import { CopyIcon } from '../../shared/ui/copy.tsx';
import { Credits } from '../../shared/ui/money.tsx';
import type { Receipt, Turn } from './conversation.ts';
import { MarkdownText } from './markdown-text.tsx';
import classes from './playground.module.css';
import { useWords } from './words.ts';

/** A question, its answer, and what it cost. */
export const Answer = memo(function Answer({ turn, retry }: { readonly turn: Turn; readonly retry: ((turn: Turn) => void) | undefined }) {
  const t = useWords();
  const note = useNote(turn);
  const waiting = turn.state === 'streaming';
  return (
    <article className={classes.turn} aria-busy={waiting}>
      <div className={classes.question}>
        <Text size="xs" c="dimmed">
          {t('you')}
        </Text>
        <div className={classes.plain}>{turn.question}</div>
      </div>
      <div className={classes.answer}>
        <Text size="xs" c="dimmed">
          {waiting ? t('answering', { model: turn.model }) : turn.model}
        </Text>
        <MarkdownText text={turn.answer} />
        {waiting && <span className={classes.cursor} aria-hidden />}
        {note !== undefined && (
          <Group gap="xs" className={classes.note} data-bad={turn.state === 'failed' || turn.state === 'lost' || undefined}>
            <IconAlertTriangle size={16} aria-hidden />
            <Text size="sm" flex={1} miw={180}>
              {note}
            </Text>
            {retry !== undefined && turn.state !== 'settling' && (
              <Button size="compact-sm" variant="default" onClick={() => retry(turn)}>
                {t('again')}
              </Button>
            )}
          </Group>
        )}
        {!waiting && (
          <Group gap="xs" mt={4} mih={28}>
            {turn.receipt !== undefined && <Cost receipt={turn.receipt} />}
            {turn.answer !== '' && <CopyIcon text={turn.answer} label={t('copyAnswer')} />}
          </Group>
        )}
      </div>
    </article>
  );
});

function Cost({ receipt }: { readonly receipt: Receipt }) {
  const t = useWords();
  return (
    <Text size="sm" c="dimmed" component="div" data-testid="cost">
      {receipt.creditsCharged != null && (
        <>
          <Text span size="sm" c="var(--ink)">
            <Credits amount={receipt.creditsCharged} />
          </Text>
          {' · '}
        </>
      )}
      <span className="money">{t('tokens', { count: receipt.promptTokens + receipt.completionTokens })}</span>
      {receipt.estimated && ` (${t('estimated')})`}
      {' · '}
      <span className="money">{t('seconds', { seconds: (receipt.latencyMs / 1000).toFixed(2) })}</span>
      {' · '}
      <Anchor component={Link} to="/usage" search={{ request: receipt.id } as never} size="sm" underline="always">
        {t('receipt')}
      </Anchor>
    </Text>
  );
}

/** What there is to know about an answer that is not whole, and about the money. */
function useNote(turn: Turn): string | undefined {
  const t = useWords();
  const say = useSayProblem();
  const free = turn.receipt?.creditsCharged != null && unitsOf(turn.receipt.creditsCharged) === 0n && turn.answer === '';
  switch (turn.state) {
    case 'settling':
      return t('settling');
    case 'stopped':
      return free ? t('stoppedFree') : t(turn.receipt === undefined ? 'unsettled' : 'stopped');
    case 'lost':
      return turn.answer === '' ? t('lostFree') : t('lost');
    case 'failed':
      if (turn.problem === undefined || turn.answer !== '') {
        return t('broke');
      }
      return turn.problem.code === 'OFFLINE' ? t('notSent') : say(turn.problem);
    case 'done':
      return turn.finish === 'LENGTH' ? t('length') : turn.finish === 'CONTENT_FILTER' ? t('filtered') : undefined;
    case 'streaming':
      return undefined;
  }
}
