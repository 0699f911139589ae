import type { Page } from '@playwright/test';
import { expect, test as base } from './page.ts';

/** Passkeys are for names: of an address of the loopback that is localhost. */
const test = base.extend({
  baseURL: async ({ baseURL }, use) => {
    await use(baseURL?.replace('127.0.0.1', 'localhost'));
  },
});

/** Asks the pool from within the page, as the app does. */
async function ask<T>(page: Page, query: string, input?: unknown): Promise<T> {
  const { data, errors } = await page.evaluate(
    async (body) => {
      const answer = await fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      return answer.json();
    },
    JSON.stringify({ query, variables: { input } }),
  );
  expect(errors).toBeUndefined();
  return data;
}

interface Ceremony {
  id: string;
  options: string;
}

/** Has the browser make the passkey that the pool asks for. */
const make = (page: Page, { options }: Ceremony) =>
  page.evaluate(async (asked) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(asked));
    const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
    return JSON.stringify(credential.toJSON());
  }, options);

/** Has the browser use one. */
const use = (page: Page, { options }: Ceremony) =>
  page.evaluate(async (asked) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(asked));
    const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
    return JSON.stringify(credential.toJSON());
  }, options);

test('a browser makes a passkey and signs in with it alone', async ({ page }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto('/');
  const { signUp } = await ask<{ signUp: { viewer: { id: string } } }>(
    page,
    'mutation($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }',
    { email: `passkey-${Date.now()}@example.com`, password: 'a password of the tests', displayName: 'Tom' },
  );
  const { begun } = await ask<{ begun: Ceremony }>(page, 'mutation { begun: beginPasskeyRegistration { id options } }');
  await ask(page, 'mutation($input: AddPasskeyInput!) { addPasskey(input: $input) { id } }', {
    ceremonyId: begun.id,
    credential: await make(page, begun),
    name: 'This laptop',
  });

  await ask(page, 'mutation { signOut }');
  expect(await ask(page, '{ viewer { id } }')).toEqual({ viewer: null });
  const { begin } = await ask<{ begin: Ceremony }>(page, 'mutation { begin: beginPasskeyAuthentication { id options } }');
  await ask(page, 'mutation($input: UsePasskeyInput!) { signInWithPasskey(input: $input) { viewer { id } } }', {
    ceremonyId: begin.id,
    credential: await use(page, begin),
  });
  expect(await ask(page, '{ viewer { id passkeys { name } } }')).toEqual({
    viewer: { id: signUp.viewer.id, passkeys: [{ name: 'This laptop' }] },
  });
});
