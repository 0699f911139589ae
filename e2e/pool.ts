/** The pool as its people use it over GraphQL, and the sandbox that stands in for the providers. */

import { setTimeout as sleep } from 'node:timers/promises';

import { models } from './question.ts';

export const admin = { email: 'admin@example.com', password: 'a password of the tests' };

type Variables = Readonly<Record<string, unknown>>;

const address = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run the tests with \`npm test\``);
  }
  return value;
};

/** Where the gateway is. Anthropic's client adds /v1 itself. */
export const root = (): string => address('POOL_E2E_URL');
export const baseURL = (): string => `${root()}/v1`;

/** Somebody who is signed in. */
class Person {
  #cookie = '';

  async ask<T>(query: string, variables: Variables): Promise<T> {
    const answer = await fetch(`${root()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: this.#cookie },
      body: JSON.stringify({ query, variables }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      this.#cookie = cookie.split(';', 1)[0] ?? '';
    }
    const { data, errors } = (await answer.json()) as { data: T; errors?: { message: string }[] };
    if (errors !== undefined) {
      throw new Error(errors.map((error) => error.message).join('; '));
    }
    return data;
  }
}

let signedIn: Promise<Person> | undefined;

/** The admin, signed in once in each process. */
function asAdmin(): Promise<Person> {
  signedIn ??= (async () => {
    const person = new Person();
    await person.ask('mutation($input: SignInInput!) { signIn(input: $input) { viewer { id } } }', { input: admin });
    return person;
  })();
  return signedIn;
}

/** A request as the books have it. */
export interface Usage {
  status: 'SUCCEEDED' | 'FAILED';
  model: string;
  promptTokens: number;
  completionTokens: number;
  creditsCharged: string;
  errorCode: string | null;
}

/** How often one asks whether a request is in the books: an answer may be there before it is. */
const patience = { tries: 100, milliseconds: 50 };

/** Somebody with Credits and an API token. */
export class Consumer {
  readonly token: string;
  readonly #id: string;

  private constructor(id: string, token: string) {
    this.#id = id;
    this.token = token;
  }

  static async join(name: string, credits: string, models?: readonly string[]): Promise<Consumer> {
    const person = new Person();
    const { signUp } = await person.ask<{ signUp: { viewer: { id: string } } }>(
      'mutation($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }',
      { input: { email: `${name}@example.com`, password: admin.password, displayName: name } },
    );
    const { id } = signUp.viewer;
    if (credits !== '0') {
      await (await asAdmin()).ask(
        'mutation($id: ID!, $credits: Credits!) { grantCredits(userId: $id, amount: $credits, memo: "To test with") { seq } }',
        { id, credits },
      );
    }
    const { createApiToken } = await person.ask<{ createApiToken: { secret: string } }>(
      'mutation($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }',
      { input: { name, models } },
    );
    return new Consumer(id, createApiToken.secret);
  }

  /** Waits for so many requests to be in the books, and returns all that are there. */
  async booked(requests: number): Promise<Usage[]> {
    for (let tries = 0; tries < patience.tries; tries += 1) {
      const usage = await this.usage();
      if (usage.length >= requests) {
        return usage;
      }
      await sleep(patience.milliseconds);
    }
    throw new Error(`${requests} requests are not in the books`);
  }

  /** What they asked, the latest first. */
  async usage(): Promise<Usage[]> {
    const { usageLogs } = await (await asAdmin()).ask<{ usageLogs: { edges: { node: Usage }[] } }>(
      `query($filter: PoolUsageLogFilter) { usageLogs(first: 100, filter: $filter) {
        edges { node { status model promptTokens completionTokens creditsCharged errorCode } }
      } }`,
      { filter: { userId: this.#id } },
    );
    return usageLogs.edges.map((edge) => edge.node);
  }
}

/** What the sandbox does to the next calls of a key; server/sandbox/faults.go tells more. Times are in nanoseconds. */
export interface Fault {
  kind: string;
  on?: string;
  count?: number;
  status?: number;
  message?: string;
  retryAfter?: number;
  chunks?: number;
}

/** A call as it reached a provider. */
export interface Call {
  path: string;
  body: string;
  header: Record<string, string[]>;
}

async function direct(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${address('POOL_E2E_SANDBOX_URL')}/sandbox/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${await answer.text()}`);
  }
  return answer.status === 204 ? undefined : answer.json();
}

/** The calls that reached providers whose body holds the text. */
export async function calls(text: string): Promise<Call[]> {
  const answer = await direct('GET', `calls?contains=${encodeURIComponent(text)}`);
  return (answer as { calls: Call[] | null }).calls ?? [];
}

/** A key of a provider that the platform brought. */
export class Key {
  readonly #secret: string;

  private constructor(secret: string) {
    this.#secret = secret;
  }

  /** Makes a key at the sandbox that may call these models, and brings it to the pool. */
  static async bring(provider: string, models: readonly string[]): Promise<Key> {
    const secret = `sk-${provider}-${models.join('-')}`.replaceAll(/[^a-z0-9-]/g, '-').padEnd(24, '0');
    await direct('POST', 'keys', { key: secret, quota: '1000', models, organization: `org-${secret}` });
    await (await asAdmin()).ask('mutation($input: DepositInput!) { addPlatformResource(input: $input) { id } }', {
      input: { provider, apiKey: secret, quota: '1000', label: `${provider} of the tests` },
    });
    return new Key(secret);
  }

  script(...faults: readonly Fault[]): Promise<unknown> {
    return direct('POST', `keys/${this.#secret}/faults`, faults);
  }

  clear(): Promise<unknown> {
    return direct('DELETE', `keys/${this.#secret}/faults`);
  }

  latency(firstByte: number, perToken: number): Promise<unknown> {
    return direct('PUT', `keys/${this.#secret}/latency`, { firstByte, perToken });
  }
}

/** Makes a model of this name that one key alone serves, so that what is scripted for it meets no other test. */
export async function bringModel(provider: string, model: string): Promise<Key> {
  await direct('PUT', `models/${model}`, { input: '1', cached: '1', output: '2' });
  await (await asAdmin()).ask('mutation($input: SetModelPriceInput!) { setModelPrice(input: $input) { id } }', {
    input: {
      provider,
      model,
      inputCostPerMillion: '1',
      outputCostPerMillion: '2',
      inputPricePerMillion: '1',
      outputPricePerMillion: '2',
    },
  });
  return Key.bring(provider, [model]);
}

/** Brings a key of each provider, once for all tests. */
export async function open(): Promise<void> {
  for (const model of Object.values(models)) {
    await direct('PUT', `models/${model}`, { input: '1', cached: '1', output: '2' });
  }
  await Key.bring('openai', ['gpt-4o-mini', 'gpt-5-mini', 'gpt-3.5-turbo-instruct', 'text-embedding-3-small']);
  for (const [provider, model] of Object.entries(models)) {
    await Key.bring(provider, [model]);
  }
}
