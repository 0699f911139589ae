import { Checkbox, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import classes from '../lists/common.module.css';
import { groupsOf, keyOf, matching, type Right } from './rights.ts';
import { usePeopleWords } from './words.ts';

interface RightsPickerProps {
  readonly rights: readonly Right[];
  readonly chosen: readonly string[];
  readonly choose: (chosen: readonly string[]) => void;
}

/** The rights of a role, out of those that can be given. */
export function RightsPicker({ rights, chosen, choose }: RightsPickerProps) {
  const t = usePeopleWords();
  const [text, setText] = useState('');
  const shown = matching(rights, text);
  return (
    <Checkbox.Group
      label={
        <Group gap="xs" component="span">
          {t('grants')}
          <Text span size="sm" c="dimmed">
            {t('chosen', { count: chosen.length })}
          </Text>
        </Group>
      }
      description={t('rightsTold')}
      value={[...chosen]}
      onChange={choose}
    >
      <Stack gap="sm" mt="xs">
        <TextInput
          aria-label={t('findRight')}
          placeholder={t('findRight')}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        />
        {shown.length === 0 && (
          <Text size="sm" c="dimmed">
            {t('noRight')}
          </Text>
        )}
        {groupsOf(shown).map((group) => (
          <Stack key={group.name} gap={6}>
            <Text size="sm" fw={600}>
              {t(group.name)}
            </Text>
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={6}>
              {group.rights.map((right) => (
                <Checkbox key={keyOf(right)} value={keyOf(right)} size="sm" label={<RightName right={right} />} />
              ))}
            </SimpleGrid>
          </Stack>
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

function RightName({ right: { object, action } }: { readonly right: Right }) {
  return (
    <>
      <span className={classes.soft}>{action}</span> <code className={classes.code}>{object}</code>
    </>
  );
}
