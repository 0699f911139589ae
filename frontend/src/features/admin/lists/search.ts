// What the address of a page holds is read by these: what makes no sense is left out.

/** The changes of an address: what is undefined is taken out of it. */
export type Change<S> = (change: { readonly [K in keyof S]?: S[K] | undefined }) => void;

/** One of these words. */
export function oneOf<const T extends string>(value: unknown, words: readonly T[]): T | undefined {
  return words.find((word) => word === value);
}

/** A text that is not empty. The router reads what looks like a number as one. */
export function textOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text : undefined;
}

/** Takes out what is undefined. */
export function defined<T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
