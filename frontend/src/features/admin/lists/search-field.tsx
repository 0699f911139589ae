import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';

interface SearchFieldProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly change: (value: string | undefined) => void;
  readonly placeholder?: string;
  /** Fewer letters than this are not looked for. */
  readonly least?: number;
  /** What is said while there are too few. */
  readonly leastTold?: string;
  readonly type?: string;
}

/** A text that is looked for a moment after it was typed. */
export function SearchField({ label, value, change, placeholder, least = 1, leastTold, type = 'search' }: SearchFieldProps) {
  const [text, setText] = useState(value ?? '');
  const sent = useRef(value ?? '');
  const send = useDebouncedCallback((typed: string) => {
    sent.current = typed;
    change(typed === '' ? undefined : typed);
  }, 250);
  // The address may change by itself: by going back, or by clearing the filters.
  useEffect(() => {
    if ((value ?? '') !== sent.current) {
      sent.current = value ?? '';
      setText(value ?? '');
    }
  }, [value]);
  const few = text.trim() !== '' && [...text.trim()].length < least;
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder ?? label}
      type={type}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        if (typed.trim() === '' || [...typed.trim()].length >= least) {
          send(typed.trim());
        }
      }}
      description={few ? leastTold : undefined}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
    />
  );
}
