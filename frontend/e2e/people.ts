/** The people of the browser tests, and the sandbox that stands in for the providers. */
import type { BrowserContext } from '@playwright/test';

export const admin = { email: 'admin@example.com', password: 'a password of the tests' };

type Variables = Readonly<Record<string, unknown>>;

function address(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set`);
  }
  return value;
}

/** Somebody who is signed in over the API. */
export class Person {
  #cookie = { name: '', value: '' };
  #id = '';
  readonly name: string;
  readonly email: string;

  private constructor(name: string, email: string) {
    this.name = name;
    this.email = email;
  }

  /** Their id. */
  get id(): string {
    return this.#id;
  }

  /** Signs somebody up whose name nobody else has, with so many Credits. */
  static async join(name: string, credits = '0'): Promise<Person> {
    const person = new Person(name, `${name.toLowerCase().replaceAll(/[^a-z0-9]+/gu, '.')}.${Date.now()}@example.com`);
    const { signUp } = await person.ask<{ signUp: { viewer: { id: string } } }>(
      'mutation($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }',
      { input: { email: person.email, password: admin.password, displayName: name } },
    );
    person.#id = signUp.viewer.id;
    if (credits !== '0') {
      await (await Person.admin()).ask('mutation($id: ID!, $credits: Credits!) { grantCredits(userId: $id, amount: $credits, memo: "To test with") { seq } }', {
        id: person.#id,
        credits,
      });
    }
    return person;
  }

  /** The admin of the program. */
  static async admin(): Promise<Person> {
    const person = new Person('Admin', admin.email);
    const { signIn } = await person.ask<{ signIn: { viewer: { id: string } } }>(
      'mutation($input: SignInInput!) { signIn(input: $input) { viewer { id } } }',
      { input: admin },
    );
    person.#id = signIn.viewer.id;
    return person;
  }

  /** Sends a document and returns its data. */
  async ask<T>(query: string, variables: Variables = {}): Promise<T> {
    const answer = await fetch(`${address('POOL_E2E_URL')}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: `${this.#cookie.name}=${this.#cookie.value}` },
      body: JSON.stringify({ query, variables }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';', 1);
      const [name = '', value = ''] = pair.split('=', 2);
      this.#cookie = { name, value };
    }
    const { data, errors } = (await answer.json()) as { data: T; errors?: { message: string }[] };
    if (errors !== undefined) {
      throw new Error(errors.map((error) => error.message).join('; '));
    }
    return data;
  }

  /** Has a browser be signed in as this person. */
  async enter(context: BrowserContext): Promise<void> {
    await context.addCookies([{ ...this.#cookie, url: address('POOL_E2E_URL'), httpOnly: true, sameSite: 'Lax' }]);
  }

  /** Deposits a key that the sandbox knows with this quota; returns the resource's id. */
  async deposit(key: string, quota: string, declared = quota): Promise<string> {
    await sandboxKey(key, quota);
    const { deposit } = await this.ask<{ deposit: { resource: { id: string } } }>(
      'mutation($input: DepositInput!) { deposit(input: $input) { resource { id } } }',
      { input: { provider: 'openai', apiKey: key, quota: declared, label: key } },
    );
    return deposit.resource.id;
  }

  /** Asks for a completion. */
  async complete(model = 'gpt-4'): Promise<void> {
    await this.ask('mutation($input: CompleteInput!) { complete(input: $input) { creditsCharged } }', {
      input: { model, messages: [{ role: 'USER', content: 'Write an article' }], maxTokens: 100 },
    });
  }
}

/** Makes a key at the sandbox. */
export async function sandboxKey(key: string, quota: string): Promise<void> {
  const answer = await fetch(`${address('POOL_E2E_SANDBOX_URL')}/sandbox/keys`, {
    method: 'POST',
    body: JSON.stringify({ key, quota, organization: `org-${key}` }),
  });
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
}

/** Brings a key of the platform's to the pool. */
export async function bring(key: string, quota: string): Promise<void> {
  await sandboxKey(key, quota);
  await (await Person.admin()).ask('mutation($input: DepositInput!) { addPlatformResource(input: $input) { id } }', {
    input: { provider: 'openai', apiKey: key, quota, label: 'Platform' },
  });
}

/** Prices a model as the worked example does. */
export async function price(model: string): Promise<void> {
  await (await Person.admin()).ask('mutation($input: SetModelPriceInput!) { setModelPrice(input: $input) { id } }', {
    input: { model, provider: 'openai', inputCostPerMillion: '10', outputCostPerMillion: '30', inputPricePerMillion: '0', outputPricePerMillion: '10000' },
  });
}
