/** Programs that ask the pool for a completion, to copy. What goes into them is quoted for the language that it stands in. */

export const languages = ['curl', 'python', 'node', 'anthropic', 'graphql'] as const;
export type SnippetLanguage = (typeof languages)[number];

export const languageNames: Readonly<Record<SnippetLanguage, string>> = {
  curl: 'curl',
  python: 'Python',
  node: 'Node',
  anthropic: 'Anthropic',
  graphql: 'GraphQL',
};

export interface SnippetMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What a program asks for, and where. */
export interface SnippetRequest {
  /** The address of the pool, without a path. */
  readonly origin: string;
  /** Where there is none, the program reads POOL_TOKEN of its environment. */
  readonly token?: string;
  readonly model: string;
  readonly messages: readonly SnippetMessage[];
  readonly maxTokens?: number;
  readonly temperature?: number;
}

// A JSON string is a string of JavaScript, of Python and of GraphQL too, save that DEL and what separates lines of Unicode
// are better seen.
const text = (value: string) => JSON.stringify(value).replace(/[\u007F-\u009F\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Quotes for POSIX shells: between single quotes nothing means anything but the end of them. */
export function shell(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

const variable = 'POOL_TOKEN';

const bearer = (token: string | undefined) => (token === undefined ? `"Authorization: Bearer $${variable}"` : shell(`Authorization: Bearer ${token}`));

function curl(request: SnippetRequest): string {
  const body = {
    model: request.model,
    messages: request.messages,
    ...(request.maxTokens === undefined ? {} : { max_tokens: request.maxTokens }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
  };
  return [
    `curl ${shell(`${request.origin}/v1/chat/completions`)} \\`,
    `  -H ${bearer(request.token)} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${shell(JSON.stringify(body, undefined, 2))}`,
  ].join('\n');
}

const options = ({ maxTokens, temperature }: SnippetRequest, line: (name: string, value: number) => string) => [
  ...(maxTokens === undefined ? [] : [line('max_tokens', maxTokens)]),
  ...(temperature === undefined ? [] : [line('temperature', temperature)]),
];

function python(request: SnippetRequest): string {
  const { origin, token, model, messages } = request;
  return [
    ...(token === undefined ? ['import os', ''] : []),
    'from openai import OpenAI',
    '',
    `client = OpenAI(base_url=${text(`${origin}/v1`)}, api_key=${token === undefined ? `os.environ["${variable}"]` : text(token)})`,
    'answer = client.chat.completions.create(',
    `    model=${text(model)},`,
    '    messages=[',
    ...messages.map(({ role, content }) => `        {"role": "${role}", "content": ${text(content)}},`),
    '    ],',
    ...options(request, (name, value) => `    ${name}=${value},`),
    ')',
    'print(answer.choices[0].message.content)',
  ].join('\n');
}

function node(request: SnippetRequest): string {
  const { origin, token, model, messages } = request;
  return [
    'import OpenAI from "openai";',
    '',
    `const client = new OpenAI({ baseURL: ${text(`${origin}/v1`)}, apiKey: ${token === undefined ? `process.env.${variable}` : text(token)} });`,
    'const answer = await client.chat.completions.create({',
    `  model: ${text(model)},`,
    '  messages: [',
    ...messages.map(({ role, content }) => `    { role: "${role}", content: ${text(content)} },`),
    '  ],',
    ...options(request, (name, value) => `  ${name}: ${value},`),
    '});',
    'console.log(answer.choices[0].message.content);',
  ].join('\n');
}

// Anthropic's has the system's words apart, and asks for a cap.
function anthropic(request: SnippetRequest): string {
  const { origin, token, model, messages, maxTokens = 1024, temperature } = request;
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  return [
    ...(token === undefined ? ['import os', ''] : []),
    'from anthropic import Anthropic',
    '',
    `client = Anthropic(base_url=${text(origin)}, api_key=${token === undefined ? `os.environ["${variable}"]` : text(token)})`,
    'answer = client.messages.create(',
    `    model=${text(model)},`,
    `    max_tokens=${maxTokens},`,
    ...(temperature === undefined ? [] : [`    temperature=${temperature},`]),
    ...(system.length === 0 ? [] : [`    system=${text(system.join('\n\n'))},`]),
    '    messages=[',
    ...messages.filter(({ role }) => role !== 'system').map(({ role, content }) => `        {"role": "${role}", "content": ${text(content)}},`),
    '    ],',
    ')',
    'print(answer.content[0].text)',
  ].join('\n');
}

/** The mutation alone, as GraphiQL takes it. */
export function graphqlDocument({ model, messages, maxTokens, temperature }: SnippetRequest): string {
  return [
    'mutation {',
    '  complete(',
    '    input: {',
    `      model: ${text(model)}`,
    '      messages: [',
    ...messages.map(({ role, content }) => `        { role: ${role.toUpperCase()}, content: ${text(content)} }`),
    '      ]',
    ...(maxTokens === undefined ? [] : [`      maxTokens: ${maxTokens}`]),
    ...(temperature === undefined ? [] : [`      temperature: ${temperature}`]),
    '    }',
    '  ) {',
    '    completion { content totalTokens }',
    '    creditsCharged',
    '  }',
    '}',
  ].join('\n');
}

function graphql(request: SnippetRequest): string {
  return [
    `curl ${shell(`${request.origin}/graphql`)} \\`,
    `  -H ${bearer(request.token)} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${shell(JSON.stringify({ query: graphqlDocument(request) }))}`,
  ].join('\n');
}

const writers: Readonly<Record<SnippetLanguage, (request: SnippetRequest) => string>> = { curl, python, node, anthropic, graphql };

/** The program in a language. */
export function snippet(language: SnippetLanguage, request: SnippetRequest): string {
  return writers[language](request);
}
