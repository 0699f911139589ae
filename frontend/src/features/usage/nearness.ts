/** The names that have a text in them, those first that begin with it, and the shorter before the longer of these. */
export function byNearness(names: readonly string[], text: string): readonly string[] {
  const wanted = text.trim().toLowerCase();
  const found = names.filter((name) => name.toLowerCase().includes(wanted));
  if (wanted === '') {
    return found;
  }
  const begins = (name: string) => name.toLowerCase().startsWith(wanted);
  return found.toSorted((a, b) => Number(begins(b)) - Number(begins(a)) || (begins(a) ? a.length - b.length : 0) || a.localeCompare(b));
}
