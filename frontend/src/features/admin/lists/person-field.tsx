import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { FindPeopleDocument } from '../../../graphql/graphql.ts';

interface PersonFieldProps {
  readonly label: string;
  readonly placeholder: string;
  /** The id of who is chosen, and their name where it is known. */
  readonly person: string | undefined;
  readonly name: string | undefined;
  readonly change: (person: string | undefined) => void;
  readonly hint: string;
  readonly nobody: string;
}

/** Finds somebody by a part of their name or e-mail. */
export function PersonField({ label, placeholder, person, name, change, hint, nobody }: PersonFieldProps) {
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), 200);
  const [chosen, setChosen] = useState<{ readonly value: string; readonly label: string }>();
  const enough = [...search].length >= 3;
  const [{ data }] = useQuery({ query: FindPeopleDocument, variables: { search }, pause: !enough });
  const found = enough ? (data?.users.edges ?? []).map(({ node }) => ({ value: node.id, label: `${node.displayName} · ${node.email ?? ''}` })) : [];
  const kept = person === undefined || found.some(({ value }) => value === person) ? [] : [chosen?.value === person ? chosen : { value: person, label: name ?? person }];
  return (
    <Select
      aria-label={label}
      placeholder={placeholder}
      data={[...kept, ...found]}
      filter={({ options }) => options}
      value={person ?? null}
      onChange={(value) => {
        setChosen(found.find((one) => one.value === value));
        change(value ?? undefined);
      }}
      searchable
      clearable
      onSearchChange={setText}
      nothingFoundMessage={enough ? nobody : hint}
    />
  );
}
