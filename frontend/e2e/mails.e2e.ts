import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { freeAddress, Program } from '../../e2e/program.ts';
import { Mailbox } from './mailbox.ts';
import { test as base, expect } from './page.ts';
import { expectSound } from './sights.ts';

// A program of its own, since the other sends no mail.
const mailbox = new Mailbox();
let program: Program | undefined;
let folder = '';
let url = '';

const test = base.extend({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the needed fixtures off the pattern
  baseURL: async ({}, use) => use(url),
});

test.describe.configure({ timeout: 120_000 }); // a program starts, and each page is looked at in four ways

test.beforeAll(async () => {
  const [smtp, address] = await Promise.all([mailbox.listen(), freeAddress()]);
  folder = await mkdtemp(path.join(tmpdir(), 'resourcepool-mails-'));
  url = `http://${address}`;
  program = new Program('serve', [], { HOME: folder, POOL_LISTEN: address, POOL_DATA_DIR: folder, POOL_SMTP_URL: `smtp://${smtp}?from=pool@example.org` });
  await program.ready(`${url}/readyz`);
});

test.afterAll(async () => {
  await program?.stop();
  mailbox.close();
  await rm(folder, { recursive: true, force: true });
});

/** Waits for a mail with a link to a page. */
async function linkTo(page: string): Promise<string> {
  await expect.poll(() => mailbox.link(page)).toBeDefined();
  return mailbox.link(page) ?? '';
}

test('the links in mails confirm an e-mail, and choose a new password', async ({ page }) => {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill('Reader');
  await page.getByLabel('E-mail').fill('reader@example.com');
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Open an account' }).click();
  await expect(page).toHaveURL(/\/home$/);
  const confirm = await linkTo('/verify-email');
  await page.goto(confirm);
  await expect(page.getByRole('heading', { name: 'Your e-mail is confirmed' })).toBeVisible();
  await expectSound(page);
  await page.goto('/account');
  await expect(page.getByRole('region', { name: 'Profile' }).getByText('Confirmed', { exact: true })).toBeVisible();
  await page.goto(confirm);
  await expect(page.getByRole('heading', { name: 'This link does not work' })).toBeVisible();

  await page.goto('/forgot-password');
  await page.getByLabel('E-mail').fill('reader@example.com');
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByRole('heading', { name: 'Look at your mail' })).toBeVisible();
  await expectSound(page);
  await page.goto(await linkTo('/reset-password'));
  await page.getByLabel('New password').fill('another horse altogether');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByRole('heading', { name: 'Your password is changed' })).toBeVisible();
  await expectSound(page);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('E-mail').fill('reader@example.com');
  await page.getByLabel('Password', { exact: true }).fill('another horse altogether');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(/\/home$/);
});
