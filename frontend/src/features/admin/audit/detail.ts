/** A line of a detail: where in it, and what is there. */
export interface Line {
  readonly name: string;
  readonly value: string;
  /** What it was before, where it changed. */
  readonly before?: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

const isChange = (value: unknown): value is { readonly from: unknown; readonly to: unknown } =>
  isObject(value) && Object.keys(value).length === 2 && 'from' in value && 'to' in value;

/** Words out of a name such as cachedInputCost. */
export const spaced = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/gu, '$1 $2').replaceAll(/[_.]/gu, ' ').toLowerCase();

function say(value: unknown): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? '—' : value.map(say).join(', ');
  }
  if (isObject(value)) {
    return Object.entries(value)
      .map(([name, inner]) => `${spaced(name)}: ${say(inner)}`)
      .join(', ');
  }
  return value === null || value === '' ? '—' : String(value);
}

/** Reads the detail of an event, a JSON object, as lines; what is no object is one line as it stands. */
export function linesOf(detail: string | null): readonly Line[] {
  if (detail === null) {
    return [];
  }
  let read: unknown;
  try {
    read = JSON.parse(detail);
  } catch {
    return [{ name: '', value: detail }];
  }
  if (!isObject(read)) {
    return [{ name: '', value: say(read) }];
  }
  if (isChange(read)) {
    return [{ name: '', value: say(read.to), before: say(read.from) }];
  }
  return Object.entries(read).map(([name, value]) =>
    isChange(value) ? { name: spaced(name), value: say(value.to), before: say(value.from) } : { name: spaced(name), value: say(value) },
  );
}
