import { expect, test as base } from './page.ts';
import { expectSound } from './sights.ts';

/** Passkeys are for names: of an address of the loopback that is localhost. */
const test = base.extend({
  baseURL: async ({ baseURL }, use) => {
    await use(baseURL?.replace('127.0.0.1', 'localhost'));
  },
});

test.describe.configure({ timeout: 120_000 }); // each page is looked at in four ways

test('somebody adds a passkey, signs in with it, and takes it away', async ({ page }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill('Keeper');
  await page.getByLabel('E-mail').fill(`keeper.${Date.now()}@example.com`);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Open an account' }).click();
  await expect(page).toHaveURL(/\/home$/);

  await page.goto('/account');
  const passkeys = page.getByRole('region', { name: 'Passkeys' });
  await passkeys.getByRole('button', { name: 'Add a passkey' }).click();
  await passkeys.getByLabel('Name').fill('My laptop');
  await passkeys.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(passkeys.getByText('never used')).toBeVisible();
  await expectSound(page);

  await page.getByRole('button', { name: /^Account menu/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Open an account' })).toBeVisible();
  await page.goto('/sign-in?next=/account');
  await expectSound(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL(/\/account$/);
  await expect(page.getByRole('region', { name: 'Sessions' }).getByText('with a passkey')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Security events' }).getByText('Passkey added')).toBeVisible();
  await passkeys.getByRole('button', { name: 'Remove My laptop' }).click();
  await expect(passkeys.getByText('None yet')).toBeVisible();
});

test('a single sign-on that came to nothing says why', async ({ page }) => {
  await page.goto('/signin?error=link_first');
  await expect(page.getByRole('alert')).toContainText('There is an account with your e-mail.');
  await expectSound(page);
});
