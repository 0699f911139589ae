import { Autocomplete, Button, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import classes from '../lists/common.module.css';
import { PersonField } from '../lists/person-field.tsx';
import type { Change } from '../lists/search.ts';
import { SearchField } from '../lists/search-field.tsx';
import { useCommonWords } from '../lists/words.ts';
import { actions } from './actions.ts';
import type { AuditSearch } from './search.ts';
import { useAuditWords } from './words.ts';

interface FiltersProps {
  readonly search: AuditSearch;
  readonly change: Change<AuditSearch>;
  readonly actorName: string | undefined;
}

/** What of the log is looked at. */
export function Filters({ search, change, actorName }: FiltersProps) {
  const t = useAuditWords();
  const common = useCommonWords();
  const narrowed = Object.keys(search).some((name) => name !== 'row');
  return (
    <search className={classes.filters} aria-label={common('filters')}>
      <PersonField label={t('actor')} placeholder={t('actorHint')} person={search.actor} name={actorName} change={(actor) => change({ actor })} hint={t('typeMore')} nobody={t('nobody')} />
      <ActionField key={search.action ?? ''} action={search.action} change={(action) => change({ action })} />
      <SearchField label={t('subject')} placeholder={t('subjectHint')} value={search.subject} change={(subject) => change({ subject })} />
      <TextInput type="date" aria-label={t('from')} leftSection={<DayName>{t('from')}</DayName>} leftSectionWidth={48} value={search.from ?? ''} max={search.to} onChange={(event) => change({ from: event.currentTarget.value || undefined })} />
      <TextInput type="date" aria-label={t('to')} leftSection={<DayName>{t('to')}</DayName>} leftSectionWidth={48} value={search.to ?? ''} min={search.from} onChange={(event) => change({ to: event.currentTarget.value || undefined })} />
      {narrowed && (
        <Button variant="subtle" onClick={() => change({ actor: undefined, action: undefined, subject: undefined, from: undefined, to: undefined })}>
          {common('clear')}
        </Button>
      )}
    </search>
  );
}

function DayName({ children }: { readonly children: string }) {
  return (
    <Text size="xs" c="dimmed" aria-hidden>
      {children}
    </Text>
  );
}

/** An action of the list, or one that is typed whole. */
function ActionField({ action, change }: { readonly action: string | undefined; readonly change: (action: string | undefined) => void }) {
  const t = useAuditWords();
  const [text, setText] = useState(action ?? '');
  const settle = (typed: string) => {
    const next = typed.trim() === '' ? undefined : typed.trim();
    if (next !== action) {
      change(next);
    }
  };
  return (
    <Autocomplete
      aria-label={t('action')}
      placeholder={t('action')}
      data={[...actions]}
      value={text}
      onChange={(typed) => {
        setText(typed);
        if (typed === '') {
          settle('');
        }
      }}
      onOptionSubmit={settle}
      onKeyDown={(event) => event.key === 'Enter' && settle(text)}
      onBlur={() => settle(text)}
      limit={80}
    />
  );
}
