import { gzipSync } from 'node:zlib';

import { expect, test } from './page.ts';
import { admin, Person } from './people.ts';
import { expectSound } from './sights.ts';

test.describe.configure({ timeout: 120_000 }); // each page is looked at in four ways

test('the landing says what the bank does and what models cost', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'A bank for LLM API keys' })).toBeVisible();
  await expect(page.getByText('gives 900 Credits, after a fee of 10 %')).toBeVisible();
  const gpt4 = page.getByRole('row', { name: /^gpt-4 / });
  await expect(gpt4).toContainText('10 000.00');
  await expect(gpt4).toContainText('Ready');
  await page.getByRole('searchbox').fill('claude anthropic');
  await expect(page).toHaveURL(/\?q=claude/);
  await expect(gpt4).toHaveCount(0);
  await expect(page.getByRole('row', { name: /^claude/ }).first()).toBeVisible();
  await page.reload();
  await expect(page.getByRole('searchbox')).toHaveValue('claude anthropic');
  await page.getByRole('searchbox').fill('nothing is called this');
  await page.getByRole('button', { name: 'Show all models' }).click();
  await expect(gpt4).toBeVisible();
  await expectSound(page);
});

test('the landing loads little', async ({ page }) => {
  const loaded: Promise<number>[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith('.js')) {
      loaded.push(response.body().then((body) => gzipSync(body).length));
    }
  });
  await page.goto('/');
  await expect(page.getByRole('row', { name: /^gpt-4 / })).toBeVisible();
  const sizes = await Promise.all(loaded);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  test.info().annotations.push({ type: 'JavaScript of the first load', description: `${(total / 1000).toFixed(1)} kB gzipped` });
  expect(total).toBeLessThanOrEqual(180_000);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });

  test('everything is in Chinese, until somebody prefers English', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'LLM API 密钥的银行' })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
    await expectSound(page);
    await page.getByRole('link', { name: '开户' }).click();
    await expect(page.getByRole('heading', { name: '开户' })).toBeVisible();
    await page.getByRole('link', { name: '登录' }).click();
    await page.getByLabel('邮箱').fill(admin.email);
    await page.getByLabel('密码', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: '登录', exact: true }).click();
    await expect(page.getByRole('alert')).toHaveText('邮箱或密码不正确。');
    await page.getByRole('button', { name: '语言: English' }).click();
    await expect(page.getByRole('alert')).toHaveText('Wrong e-mail or password.');
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  });
});

test('somebody opens an account, leaves, and comes back to where they wanted to go', async ({ page }) => {
  const email = `newcomer.${Date.now()}@example.com`;
  await page.goto('/sign-up');
  await expectSound(page);
  await page.getByLabel('Name').fill('Newcomer');
  await page.getByLabel('E-mail').fill(admin.email);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Open an account' }).click();
  await expect(page.getByText('There is an account with this e-mail already.')).toBeVisible();
  await expectSound(page);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Open an account' }).click();
  await expect(page).toHaveURL(/\/home$/);

  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Go to your account' }).first()).toBeVisible();
  await page.goto('/home');
  await page.getByRole('button', { name: /^Account menu/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Open an account' })).toBeVisible();

  await page.goto('/account');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await expectSound(page);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/account$/);
});

test('signing in leads to no other host', async ({ page, baseURL }) => {
  const person = await Person.join('Careful');
  await page.goto('/sign-in?next=//evil.example/home');
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(admin.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(`${baseURL}/home`);
});

test('links that are not good say so', async ({ page }) => {
  await page.goto('/verify-email?token=made-up');
  await expect(page.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
  await expectSound(page);
  await page.goto('/reset-password?token=made-up');
  await page.getByLabel('New password').fill('correct horse battery');
  await expectSound(page);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
  await page.getByRole('link', { name: 'Ask for a new link' }).click();
  await page.getByLabel('E-mail').fill('tom@example.com');
  await expectSound(page);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByRole('alert')).toHaveText('This server sends no mail. Ask its operator to help you in.');
});
