import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Browser } from './browser.ts';
import { freeAddress, Program } from './program.ts';

const client = { id: 'pool', secret: 'the-secret-of-the-client' };

describe('single sign-on', () => {
  let folder: string;
  let pool: string;
  let issuer: string;
  let program: Program;
  let provider: ChildProcess | undefined;

  const startProvider = async () => {
    const callback = `${pool}/auth/oidc/callback`;
    provider = spawn(process.execPath, ['--import', 'tsx', 'provider.ts', issuer, callback, client.id, client.secret], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    const giveUp = Date.now() + 30_000;
    while (Date.now() < giveUp) {
      const up = await fetch(`${issuer}/.well-known/openid-configuration`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (up) {
        return;
      }
      await sleep(50);
    }
    throw new Error('the provider does not start');
  };
  const stopProvider = async () => {
    if (provider === undefined) {
      return;
    }
    const exited = new Promise((exit) => provider?.once('exit', exit));
    provider.kill();
    await exited;
    provider = undefined;
  };

  const ask = async <T>(browser: Browser, query: string, variables: object = {}): Promise<T> => {
    const answer = await browser.ask(`${pool}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await answer.json()) as { data: T; errors?: unknown };
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  };
  interface Viewer {
    id: string;
    email: string;
    displayName: string;
    identities: { id: string; issuer: string; subject: string }[];
  }
  const viewer = async (browser: Browser) =>
    (await ask<{ viewer: Viewer | null }>(browser, '{ viewer { id email displayName identities { id issuer subject } } }')).viewer;

  const isCallback = (url: string) => url.startsWith(`${pool}/auth/oidc/callback`);
  const isDone = (url: string) => url.startsWith(pool) && !url.startsWith(`${pool}/auth/`);
  const start = (query = '') => `${pool}/auth/oidc/start${query}`;

  /** Signs in at the provider, with its forms, and stops before the browser is back at the pool. */
  const leave = async (browser: Browser, email: string, from = start()): Promise<string> => {
    let at = await browser.go(from, isCallback);
    if (!isCallback(at.url)) {
      at = await browser.go(await browser.submit(at, { prompt: 'login', login: email, password: 'any' }), isCallback);
    }
    if (!isCallback(at.url)) {
      at = await browser.go(await browser.submit(at, { prompt: 'consent' }), isCallback);
    }
    assert.ok(isCallback(at.url), at.page);
    return at.url;
  };
  /** Where a browser ends. */
  const end = async (browser: Browser, from: string) => (await browser.go(from, isDone)).url.replace(pool, '');
  const signOn = async (browser: Browser, email: string, from = start()) => end(browser, await leave(browser, email, from));

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'resourcepool-sso-'));
    const address = await freeAddress();
    pool = `http://${address}`;
    issuer = `http://${await freeAddress()}`;
    program = new Program('serve', [], {
      HOME: folder,
      POOL_LISTEN: address,
      POOL_DATA_DIR: folder,
      POOL_SIGNUPS_PER_HOUR: '0',
      POOL_OIDC_ISSUER: issuer,
      POOL_OIDC_CLIENT_ID: client.id,
      POOL_OIDC_CLIENT_SECRET: client.secret,
      POOL_OIDC_NAME: 'Our staff',
    });
    await program.ready(`${pool}/readyz`); // while the provider is down
  });
  after(async () => {
    await stopProvider();
    await program.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('waits for a provider that is down, and finds it once it is up', async () => {
    const browser = new Browser();
    assert.equal(await end(browser, start()), '/sign-in?error=provider_unreachable');
    await startProvider();
    await sleep(2100); // how long a provider is left alone
    const { signInMethods } = await ask<{ signInMethods: unknown }>(browser, '{ signInMethods { oidc { name url } } }');
    assert.deepEqual(signInMethods, { oidc: { name: 'Our staff', url: '/auth/oidc/start' } });
    assert.equal(await signOn(browser, 'early@example.com'), '/');
  });

  it('signs up, and in again from another browser', async () => {
    const [first, second] = [new Browser(), new Browser()];
    assert.equal(await signOn(first, 'tom@example.com', start('?return=/graphiql')), '/graphiql');
    const tom = await viewer(first);
    assert.equal(tom?.email, 'tom@example.com');
    assert.equal(tom.displayName, 'tom of the provider');
    assert.deepEqual(
      tom.identities.map(({ issuer, subject }) => ({ issuer, subject })),
      [{ issuer, subject: 'tom@example.com' }],
    );
    assert.equal(await signOn(second, 'tom@example.com'), '/');
    assert.equal((await viewer(second))?.id, tom.id);
  });

  it('asks anew who is there where that is wanted', async () => {
    const browser = new Browser();
    await signOn(browser, 'fresh@example.com');
    assert.ok(isCallback((await browser.go(start(), isCallback)).url), 'the provider knows the browser');
    const asked = await browser.go(start('?fresh'), isCallback);
    assert.match(asked.page, /name="login"/u);
    assert.equal(await signOn(browser, 'fresh@example.com', start('?fresh')), '/');
  });

  it('takes an answer once', async () => {
    const browser = new Browser();
    const callback = await leave(browser, 'replay@example.com');
    assert.equal(await end(browser, callback), '/');
    assert.equal(await end(browser, callback), '/sign-in?error=expired');
    assert.ok(await viewer(browser), 'who is signed in stays so');
  });

  it('takes no answer to what was not asked', async () => {
    const browser = new Browser();
    const callback = new URL(await leave(browser, 'state@example.com'));
    for (const state of ['', 'x', 'cer_00000000000000000000000000']) {
      callback.searchParams.set('state', state);
      assert.equal(await end(browser, callback.href), '/sign-in?error=expired');
    }
    assert.equal(await viewer(browser), null);
  });

  it('takes no code of another sign-in', async () => {
    const [tom, eve] = [new Browser(), new Browser()];
    const [asked, stolen] = [new URL(await leave(tom, 'code@example.com')), new URL(await leave(eve, 'eve@example.com'))];
    asked.searchParams.set('code', stolen.searchParams.get('code') ?? '');
    assert.equal(await end(tom, asked.href), '/sign-in?error=bad_answer');
    assert.equal(await viewer(tom), null);
  });

  it('takes no answer in another browser', async () => {
    const [eve, tom] = [new Browser(), new Browser()];
    const callback = await leave(eve, 'eve@example.com');
    assert.equal(await end(tom, callback), '/sign-in?error=expired');
    assert.equal(await viewer(tom), null);
    assert.equal(await end(eve, callback), '/sign-in?error=expired', 'and it is spent');
  });

  it('says that nobody came in where the provider says so, and not in its words', async () => {
    const browser = new Browser();
    const { url } = await browser.go(start());
    assert.equal(await end(browser, `${url}/abort`), '/sign-in?error=denied');
  });

  it('wants a verified e-mail', async () => {
    const browser = new Browser();
    assert.equal(await signOn(browser, 'unverified@example.com'), '/sign-in?error=email_unverified');
    assert.equal(await viewer(browser), null);
  });

  it('comes to an account with the e-mail only where its person links it', async () => {
    const [alice, other] = [new Browser(), new Browser()];
    const { signUp } = await ask<{ signUp: { viewer: { id: string } } }>(
      alice,
      'mutation($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }',
      { input: { email: 'alice@example.com', password: 'a password of the tests', displayName: 'Alice' } },
    );
    assert.equal(await signOn(other, 'alice@example.com'), '/sign-in?error=link_first');

    const link = async () => (await ask<{ linkIdentity: { url: string } }>(alice, 'mutation { linkIdentity { url } }')).linkIdentity.url;
    assert.equal(await end(other, pool + (await link())), '/sign-in?error=link_expired', 'it is for who asked');
    const address = new URL(pool + (await link()));
    address.searchParams.set('return', '/account');
    assert.equal(await signOn(alice, 'alice@example.com', address.href), '/account');
    assert.equal(await end(alice, address.href), '/sign-in?error=link_expired', 'once');

    assert.equal(await signOn(other, 'alice@example.com'), '/');
    const linked = await viewer(other);
    assert.equal(linked?.id, signUp.viewer.id);
    await ask(alice, 'mutation($id: ID!) { unlinkIdentity(id: $id) }', { id: linked.identities[0]?.id });
    assert.equal(await signOn(new Browser(), 'alice@example.com'), '/sign-in?error=link_first');
  });

  it('lets nobody in while the provider is down', async () => {
    const browser = new Browser();
    const callback = await leave(browser, 'late@example.com');
    await stopProvider();
    assert.equal(await end(browser, callback), '/sign-in?error=provider_unreachable');
    assert.equal(await viewer(browser), null);
  });
});
