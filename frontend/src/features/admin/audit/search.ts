import type { AuditFilter } from '../../../graphql/graphql.ts';
import { defined, textOf } from '../lists/search.ts';

/** What the address of the audit log holds. Days are those of the reader, as 2026-01-31. */
export interface AuditSearch {
  readonly actor?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
  readonly row?: string;
}

const day = (value: unknown) => {
  const text = textOf(value);
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/u.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
};

export function readSearch(search: Readonly<Record<string, unknown>>): AuditSearch {
  return defined({
    actor: textOf(search['actor']),
    action: textOf(search['action']),
    subject: textOf(search['subject']),
    from: day(search['from']),
    to: day(search['to']),
    row: textOf(search['row']),
  });
}

/** The filter as the API takes it: from the beginning of the first day to the end of the last. */
export function filterOf({ actor, action, subject, from, to }: AuditSearch): AuditFilter {
  return {
    ...(actor === undefined ? {} : { actorId: actor }),
    ...(action === undefined ? {} : { action }),
    ...(subject === undefined ? {} : { subject }),
    ...(from === undefined ? {} : { from: midnight(from, 0) }),
    ...(to === undefined ? {} : { to: midnight(to, 1) }),
  };
}

function midnight(text: string, later: number): string {
  const [year = 0, month = 1, date = 1] = text.split('-').map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
