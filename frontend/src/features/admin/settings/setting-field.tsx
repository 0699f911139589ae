import { Text, TextInput } from '@mantine/core';
import { useId } from 'react';
import { showAmount } from '../../../shared/money.ts';
import { changed, type Field, faultOf, shown, type Typed, type Values, written } from './fields.ts';
import classes from './settings.module.css';
import { useSettingsWords } from './words.ts';

interface SettingFieldProps {
  readonly field: Field;
  readonly values: Values;
  readonly typed: Typed;
  readonly type: (change: Typed) => void;
  /** What the server said against it. */
  readonly refused: string | undefined;
}

/** A setting with its meaning, unit and range; one that would change stands out and says what it was. */
export function SettingField({ field, values, typed, type, refused }: SettingFieldProps) {
  const t = useSettingsWords();
  const id = useId();
  const text = shown(values, typed, field);
  const fault = faultOf(text, field);
  const touched = changed(values, typed).includes(field) || fault !== undefined;
  const [least, most] = [showAmount(field.least).exact, showAmount(field.most).exact];
  const range = t(field.above === true ? 'fromAbove' : field.below === true ? 'fromBelow' : 'from', { least, most });
  return (
    <div className={classes.field} data-changed={touched}>
      <div>
        <Text component="label" htmlFor={id} size="sm" fw={600}>
          {t(field.name)}
        </Text>
        <Text size="sm" c="dimmed" id={`${id}-told`}>
          {t(`${field.name}Told`)}
        </Text>
      </div>
      <TextInput
        id={id}
        aria-describedby={`${id}-told ${id}-range`}
        value={text}
        onChange={(event) => type({ [field.name]: event.currentTarget.value })}
        inputMode="decimal"
        error={fault === undefined ? refused : t(fault, { range })}
        rightSection={<Text size="xs" c="dimmed" className={classes.unit}>{t(unitOf(field))}</Text>}
        rightSectionWidth={72}
        classNames={{ input: classes['input'] ?? '' }}
      />
      <Text size="xs" c="dimmed" id={`${id}-range`} className={classes.range}>
        {range}
        {touched && <span className={classes.was}> · {t('was', { value: written(values, field) })}</span>}
      </Text>
    </div>
  );
}

function unitOf({ kind, name }: Field) {
  if (kind === 'number') {
    return name === 'depositFeeRate' ? 'unitRate' : name.endsWith('Weight') ? 'unitWeight' : 'unitFactor';
  }
  return kind === 'usd' ? 'unitUsd' : kind === 'hours' ? 'unitHours' : 'unitSeconds';
}
