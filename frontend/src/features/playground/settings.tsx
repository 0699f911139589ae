import { Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { Credits } from '../../shared/ui/money.tsx';
import { capOf, type Settings, temperatureOf } from './conversation.ts';
import type { Choice } from './models.ts';
import classes from './playground.module.css';
import { useWords } from './words.ts';

interface PanelProps {
  readonly choices: readonly Choice[];
  readonly chosen: Choice | undefined;
  readonly settings: Settings;
  readonly set: (change: Partial<Settings>) => void;
}

/** What is asked, and how. */
export function SettingsPanel({ choices, chosen, settings, set }: PanelProps) {
  const t = useWords();
  return (
    <Stack gap="md">
      <Models choices={choices} chosen={chosen} choose={(model) => set({ model })} />
      <TextInput
        label={t('cap')}
        description={t('capHint')}
        inputMode="numeric"
        autoComplete="off"
        value={settings.cap}
        onChange={(event) => set({ cap: event.currentTarget.value })}
        error={capOf(settings.cap) === undefined && t('capFault')}
      />
      <TextInput
        label={t('temperature')}
        description={t('temperatureHint')}
        inputMode="decimal"
        autoComplete="off"
        value={settings.temperature}
        onChange={(event) => set({ temperature: event.currentTarget.value })}
        error={temperatureOf(settings.temperature) === undefined && t('temperatureFault')}
      />
      <Textarea
        label={t('system')}
        description={t('systemHint')}
        autosize
        minRows={3}
        maxRows={10}
        value={settings.system}
        onChange={(event) => set({ system: event.currentTarget.value })}
      />
    </Stack>
  );
}

function Models({ choices, chosen, choose }: { readonly choices: readonly Choice[]; readonly chosen: Choice | undefined; readonly choose: (model: string) => void }) {
  const t = useWords();
  const byName = new Map(choices.map((choice) => [choice.name, choice]));
  return (
    <div>
      <Select
        label={t('model')}
        placeholder={t('modelSearch')}
        data={choices.map(({ name, available }) => ({ value: name, label: name, disabled: !available }))}
        value={chosen?.name ?? null}
        onChange={(name) => name !== null && choose(name)}
        searchable
        allowDeselect={false}
        limit={60}
        nothingFoundMessage={t('noModel')}
        renderOption={({ option }) => <Option choice={byName.get(option.value)} />}
      />
      {chosen !== undefined && (
        <dl className={classes.prices}>
          <dt>{t('input')}</dt>
          <dd>
            <Credits amount={chosen.inputPricePerMillion} />
          </dd>
          <dt>{t('output')}</dt>
          <dd>
            <Credits amount={chosen.outputPricePerMillion} />
          </dd>
          {chosen.minimumCharge !== '0' && (
            <>
              <dt>{t('least')}</dt>
              <dd>
                <Credits amount={chosen.minimumCharge} />
              </dd>
            </>
          )}
          <dt>{t('context')}</dt>
          <dd className="money">{chosen.contextWindow === undefined ? t('unknown') : t('tokensOf', { count: chosen.contextWindow.toLocaleString('en').replaceAll(',', '\u202F') })}</dd>
        </dl>
      )}
    </div>
  );
}

function Option({ choice }: { readonly choice: Choice | undefined }) {
  const t = useWords();
  if (choice === undefined) {
    return null;
  }
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs" w="100%">
      <Text size="sm" truncate title={choice.name}>
        {choice.name}
      </Text>
      <Text size="xs" c="dimmed" className="money">
        {choice.available ? <Credits amount={choice.outputPricePerMillion} places={2} /> : t('away')}
      </Text>
    </Group>
  );
}
