import { Button, Paper, VisuallyHidden } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { IconAdjustments } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { type CompleteInput, PlaygroundModelsDocument } from '../../graphql/graphql.ts';
import { Page } from '../../shared/ui/page.tsx';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import { Answer } from './answer.tsx';
import { Composer } from './composer.tsx';
import { capOf, isRunning, messagesOf, said, type Settings, temperatureOf, type Turn } from './conversation.ts';
import { keep, recall } from './kept.ts';
import { type Choice, choicesOf } from './models.ts';
import classes from './playground.module.css';
import { SettingsPanel } from './settings.tsx';
import { Tools } from './tools.tsx';
import { useConversation } from './use-conversation.ts';
import { useWords } from './words.ts';

interface PlaygroundProps {
  /** The model that the address names. */
  readonly model: string | undefined;
  readonly choose: (model: string) => void;
}

/** A chat with any model of the pool. */
export function Playground(props: PlaygroundProps) {
  const t = useWords();
  const [{ data, error, fetching }, refetch] = useQuery({ query: PlaygroundModelsDocument });
  if (data === undefined || data === null) {
    return <Page title={t('title')}>{error === undefined || fetching ? <SkeletonRows /> : <Trouble error={error} retry={() => refetch({ requestPolicy: 'network-only' })} />}</Page>;
  }
  const choices = choicesOf(data.models);
  if (!choices.some(({ available }) => available)) {
    return (
      <Page title={t('title')}>
        <VisuallyHidden component="h2">{t('conversation')}</VisuallyHidden>
        <Paper withBorder>
          <Empty
            title={t('noModels')}
            action={
              <Button component={Link} to="/deposit">
                {t('deposit')}
              </Button>
            }
          >
            {t('noModelsHint')}
          </Empty>
        </Paper>
      </Page>
    );
  }
  return <Chat {...props} choices={choices} />;
}

function Chat({ model, choose, choices }: PlaygroundProps & { readonly choices: readonly Choice[] }) {
  const t = useWords();
  const viewer = useViewer();
  const [initial] = useState(() => recall(viewer.id));
  const [settings, setSettings] = useState(initial.settings);
  const [opened, setOpened] = useState(false);
  const narrow = useMediaQuery('(max-width: 61.99em)') ?? false;
  const { turns, ask, stop, clear } = useConversation(initial.turns);
  const running = isRunning(turns);
  const chosen = choices.find(({ name }) => name === (model ?? settings.model)) ?? choices[0];
  const set = (change: Partial<Settings>) => {
    setSettings((now) => ({ ...now, ...change }));
    if (change.model !== undefined) {
      choose(change.model);
    }
  };
  useKept(viewer.id, turns, settings);
  useHotkeys([['Escape', () => running && stop()]], []);
  const { system } = settings;
  const cap = capOf(settings.cap);
  const temperature = temperatureOf(settings.temperature);
  const name = chosen?.name;
  const inputAfter = useCallback(
    (before: readonly Turn[], question: string): CompleteInput | undefined =>
      name === undefined || cap === undefined || temperature === undefined ? undefined : { model: name, messages: messagesOf(said(before, system, question)), maxTokens: cap, temperature },
    [name, cap, temperature, system],
  );
  const again = (turn: Turn) => {
    const input = inputAfter(turns.slice(0, turns.indexOf(turn)), turn.question);
    if (input !== undefined) {
      ask(turn.question, input, turn.id);
    }
  };
  const last = turns.at(-1);
  const request =
    last === undefined || name === undefined
      ? undefined
      : {
          origin: window.location.origin,
          model: name,
          messages: last.answer === '' ? said(turns.slice(0, -1), system, last.question) : said(turns, system),
          ...(cap == null ? {} : { maxTokens: cap }),
          ...(temperature == null ? {} : { temperature }),
        };
  const panel = <SettingsPanel choices={choices} chosen={chosen} settings={settings} set={set} />;
  return (
    <Page title={t('title')} actions={<Tools request={request} clear={clear} />}>
      <div className={classes.layout}>
        <Paper withBorder className={classes.chat}>
          <VisuallyHidden component="h2">{t('conversation')}</VisuallyHidden>
          <Turns turns={turns} retry={running ? undefined : again} />
          <Composer input={(question) => inputAfter(turns, question)} running={running} send={ask} stop={stop} />
        </Paper>
        <Paper withBorder p="md" component="section" aria-label={t('settings')} className={classes.settings}>
          {narrow && (
            <Button variant="subtle" size="compact-sm" leftSection={<IconAdjustments size={16} aria-hidden />} aria-expanded={opened} onClick={() => setOpened(!opened)} className={classes.toggle}>
              {t('settings')} · {name}
            </Button>
          )}
          {(!narrow || opened) && panel}
        </Paper>
      </div>
      <Announcer turns={turns} />
    </Page>
  );
}

/** Keeps the conversation of this tab: not at every piece of an answer, but when it rests and when the page goes. */
function useKept(owner: string, turns: readonly Turn[], settings: Settings) {
  const latest = useRef({ turns, settings });
  useEffect(() => {
    latest.current = { turns, settings };
    const rest = setTimeout(() => keep(owner, { turns, settings }), 300);
    return () => clearTimeout(rest);
  }, [owner, turns, settings]);
  useEffect(() => {
    const leave = () => keep(owner, latest.current);
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [owner]);
}

/** What was said, with the newest in sight unless somebody reads further up. */
function Turns({ turns, retry }: { readonly turns: readonly Turn[]; readonly retry: ((turn: Turn) => void) | undefined }) {
  const t = useWords();
  const box = useRef<HTMLElement>(null);
  const follow = useRef(true);
  const last = turns.at(-1)?.id;
  const seen = useRef<string>(undefined);
  useEffect(() => {
    const newest = turns.at(-1)?.id;
    if (seen.current !== newest) {
      seen.current = newest;
      follow.current = true;
    }
    if (follow.current && box.current !== null) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [turns]);
  const scrolled = () => {
    const at = box.current;
    follow.current = at === null || at.scrollHeight - at.scrollTop - at.clientHeight < 60;
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keyboard
    <section className={classes.turns} ref={box} tabIndex={0} aria-label={t('conversation')} onScroll={scrolled}>
      {turns.length === 0 && <Empty title={t('empty')}>{t('emptyHint')}</Empty>}
      {turns.map((turn) => (
        <Answer key={turn.id} turn={turn} retry={turn.id === last ? retry : undefined} />
      ))}
    </section>
  );
}

/** Tells screen readers of an answer once it is there, not piece by piece. */
function Announcer({ turns }: { readonly turns: readonly Turn[] }) {
  const t = useWords();
  const last = turns.at(-1);
  // What this tab recalls was told before.
  const [first] = useState(last?.id);
  const told = last === undefined || last.id === first ? '' : last.state === 'done' ? t('answered', { model: last.model, text: last.answer }) : last.state === 'stopped' ? t('announceStopped') : '';
  return (
    <VisuallyHidden component="output" aria-live="polite">
      {told}
    </VisuallyHidden>
  );
}
