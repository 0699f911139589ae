import { execFileSync } from 'node:child_process';
import { type ObjectFieldNode, parse, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { graphqlDocument, languages, shell, snippet, type SnippetRequest } from './snippets.ts';

// What would end a string, or be run, in one of the languages.
const hostile = `it's "quoted" \\ \\n $(touch /tmp/x) \`id\` $HOME {{x}} \${y} """ ''' é 中文 😀 \u2028 \u007F \u0000\n\t\\`;
const lonely = '\uD800';

const request: SnippetRequest = {
  origin: 'https://pool.example',
  token: 'rp_a',
  model: "o'model\"",
  messages: [
    { role: 'system', content: hostile },
    { role: 'user', content: hostile },
    { role: 'assistant', content: lonely },
  ],
  maxTokens: 100,
  temperature: 0.5,
};

/** What a shell hands a command. */
const words = (line: string) => execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8', env: { PATH: process.env['PATH'], POOL_TOKEN: 'rp_b' } }).split('\0');

const without = { ...request, messages: request.messages.slice(0, 2).map(({ role, content }) => ({ role, content: content.replaceAll('\u0000', '') })) };

describe('curl', () => {
  it('hands the shell the request and nothing to run', () => {
    const given = words(snippet('curl', without).replace('curl ', ''));
    expect(given.slice(0, 6)).toEqual(['https://pool.example/v1/chat/completions', '-H', 'Authorization: Bearer rp_a', '-H', 'Content-Type: application/json', '-d']);
    expect(JSON.parse(given[6] ?? '')).toEqual({ model: without.model, messages: without.messages, max_tokens: 100, temperature: 0.5 });
  });

  it('reads the token of the environment where there is none', () => {
    const { token: _, ...anonymous } = without;
    expect(words(snippet('curl', anonymous).replace('curl ', ''))[2]).toBe('Authorization: Bearer rp_b');
  });

  it.each(["'", "''", String.raw`\'`, '$(id)', '`id`', '\n', '!', '--data'])('quotes %j', (value) => {
    expect(words(shell(value))[0]).toBe(value);
  });
});

/** The strings of a document of GraphQL, by their field. */
function strings(document: string): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  visit(parse(document), {
    ObjectField: (field: ObjectFieldNode) => {
      if (field.value.kind === 'StringValue') {
        found.push([field.name.value, field.value.value]);
      }
    },
  });
  return found;
}

it('writes GraphQL that says what was said', () => {
  const said = strings(graphqlDocument(without));
  expect(said).toEqual([
    ['model', without.model],
    ...without.messages.map(({ content }) => ['content', content]),
  ]);
  const given = words(snippet('graphql', without).replace('curl ', ''));
  expect(strings(JSON.parse(given[6] ?? '').query as string)).toEqual(said);
});

it('writes Node that says what was said', () => {
  const call = /create\((?<argument>\{[\s\S]*\})\);\nconsole/u.exec(snippet('node', request))?.groups?.['argument'] ?? '';
  // oxlint-disable-next-line no-new-func -- it is ours, and the point is what it means
  expect(new Function(`return ${call}`)()).toEqual({ model: request.model, messages: request.messages, max_tokens: 100, temperature: 0.5 });
});

it.each(['python', 'anthropic'] as const)('writes %s whose strings end where they should', (language) => {
  const program = snippet(language, request);
  expect(program).toContain(`${JSON.stringify(request.model)}`);
  // Every line that has a string has the whole of it: none of them breaks, and all that is left without strings is plain.
  const bare = program.replaceAll(/"(?:[^"\\\n]|\\.)*"/gu, '""');
  expect(bare).not.toMatch(/touch|quoted|HOME|['`$\\]/u);
});

it.each(languages)('writes %s with the token that is given, and without one asks the environment', (language) => {
  const { token: _, ...anonymous } = request;
  expect(snippet(language, request)).toContain('rp_a');
  expect(snippet(language, anonymous)).toContain('POOL_TOKEN');
});
