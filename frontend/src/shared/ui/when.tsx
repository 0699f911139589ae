import { Tooltip } from '@mantine/core';
import { showDistance, showTime, utc } from '../time.ts';
import { useLanguage } from '../words/words.ts';

/** A time, in the reader's zone; UTC is on the hover. */
export function When({ at, distance = false }: { readonly at: string; readonly distance?: boolean }) {
  const { tag } = useLanguage();
  return (
    <Tooltip label={utc(at)} openDelay={300}>
      <time dateTime={at} className="money">
        {distance ? showDistance(at, tag) : showTime(at, tag)}
      </time>
    </Tooltip>
  );
}
