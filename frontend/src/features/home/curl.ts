const known = ['gpt-4o-mini', 'gpt-4o', 'gpt-4'];

/** A model to show an example with: one that people know, of those that can be asked now. */
export function exampleModel(models: readonly { readonly name: string; readonly available: boolean }[]): string {
  const names = new Set(models.flatMap(({ name, available }) => (available ? [name] : [])));
  return known.find((name) => names.has(name)) ?? [...names][0] ?? 'gpt-4o-mini';
}

/** A request as a shell sends it. */
export function curlLine(origin: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }).replaceAll("'", String.raw`'\''`);
  return [`curl ${origin}/v1/chat/completions \\`, `  -H 'Authorization: Bearer rp_…' \\`, `  -H 'Content-Type: application/json' \\`, `  -d '${body}'`].join('\n');
}
