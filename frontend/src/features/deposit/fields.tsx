import { NativeSelect, Select, TextInput } from '@mantine/core';
import { type RefObject, useState } from 'react';
import type { DepositFormQuery } from '../../graphql/graphql.ts';
import classes from './deposit.module.css';
import { earliest, type Expiry } from './rules.ts';
import { useDepositWords } from './words.ts';

/** What is being entered, save the key: that stays in its field alone. */
export interface Draft {
  readonly provider: string;
  readonly quota: string;
  readonly expiry: Expiry;
  readonly date: string;
  readonly label: string;
  readonly agreed: boolean;
}

interface FieldsProps {
  readonly keyField: RefObject<HTMLInputElement | null>;
  readonly providers: DepositFormQuery['providers'];
  readonly draft: Draft;
  /** The fields that lack something. */
  readonly missing: ReadonlySet<string>;
  /** What the server says of fields. */
  readonly faults: Readonly<Record<string, string>>;
  /** Changes the draft, and takes back what was said of fields. */
  readonly change: (next: Partial<Draft>, ...fields: readonly string[]) => void;
}

/** The key, and what it is good for. */
export function Fields({ keyField, providers, draft, missing, faults, change }: FieldsProps) {
  const t = useDepositWords();
  const [first] = useState(() => earliest(new Date()));
  const provider = providers.find((one) => one.key === draft.provider);
  return (
    <>
      <Select
        label={t('provider')}
        description={provider === undefined ? undefined : t(provider.reportsBalance ? 'reports' : 'silent')}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        data={providers.map(({ key: value, name }) => ({ value, label: name }))}
        value={draft.provider}
        onChange={(value) => value !== null && change({ provider: value })}
        searchable
        allowDeselect={false}
        error={faults['provider']}
      />
      <TextInput
        ref={keyField}
        type="password"
        name="provider-key"
        label={t('key')}
        description={t('keyHint')}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        data-1p-ignore
        data-lpignore="true"
        data-bwignore
        required
        onChange={() => change({}, 'apiKey')}
        error={missing.has('apiKey') ? t('keyMissing') : faults['apiKey']}
      />
      <TextInput
        label={t('quota')}
        description={t('quotaHint')}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        leftSection="$"
        inputMode="decimal"
        required
        value={draft.quota}
        onChange={(event) => change({ quota: event.currentTarget.value }, 'quota')}
        error={missing.has('quota') ? t('quotaBad') : faults['quota']}
      />
      <div className={classes.pair}>
        <NativeSelect
          label={t('expires')}
          data={[
            { value: 'none', label: t('never') },
            { value: '30', label: t('days', { days: '30' }) },
            { value: '90', label: t('days', { days: '90' }) },
            { value: 'date', label: t('date') },
          ]}
          value={draft.expiry}
          onChange={(event) => change({ expiry: event.currentTarget.value as Expiry }, 'expiresAt')}
        />
        {draft.expiry === 'date' && (
          <TextInput
            type="datetime-local"
            label={t('expiresAt')}
            min={first}
            value={draft.date}
            onChange={(event) => change({ date: event.currentTarget.value }, 'expiresAt')}
            error={missing.has('expiresAt') ? t('expiresBad') : faults['expiresAt']}
          />
        )}
        <TextInput label={t('label')} placeholder={t('labelHint')} maxLength={80} value={draft.label} onChange={(event) => change({ label: event.currentTarget.value })} error={faults['label']} />
      </div>
    </>
  );
}
