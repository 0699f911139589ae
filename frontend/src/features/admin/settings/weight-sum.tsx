import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { Group, Text } from '@mantine/core';
import { formatUnits, parseAmount } from '../../../shared/money.ts';
import { StateWord } from '../lists/state-word.tsx';
import { groups, one, shown, type Typed, type Values, weightSum } from './fields.ts';
import classes from './settings.module.css';
import { useSettingsWords } from './words.ts';

/** What the weights add up to, as they are typed. */
export function WeightSum({ values, typed }: { readonly values: Values; readonly typed: Typed }) {
  const t = useSettingsWords();
  const sum = weightSum(values, typed);
  if (sum === undefined) {
    return null;
  }
  const good = sum === one;
  const by = formatUnits(sum > one ? sum - one : one - sum);
  return (
    <div>
      <div className={classes.shares} aria-hidden>
        {groups.weights.map((field) => {
          const units = parseAmount(shown(values, typed, field)) ?? 0n;
          return <span key={field.name} style={{ flexGrow: Number(units > 0n ? units : 0n) / 1e9 }} />;
        })}
        {sum < one && <span data-missing style={{ flexGrow: Number(one - sum) / 1e9 }} />}
      </div>
      <Group gap="xs" component="output" mt={4}>
        <Text size="sm" className="money">
          {t('sum', { sum: formatUnits(sum) })}
        </Text>
        <Text size="sm" component="span">
          <StateWord icon={good ? IconCircleCheck : IconCircleX} color={good ? 'good' : 'bad'}>
            {good ? t('sumGood') : t(sum > one ? 'sumOver' : 'sumUnder', { by })}
          </StateWord>
        </Text>
      </Group>
    </div>
  );
}
