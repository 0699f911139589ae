import type { Page } from '@playwright/test';

import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

// Pages are looked at in four ways, some of them more than once.
test.describe.configure({ timeout: 120_000 });

const second = 1_000_000_000;

/** Has the provider fall silent after so many pieces of the next answer. */
async function stall(chunks: number) {
  const answer = await fetch(`${process.env['POOL_E2E_SANDBOX_URL']}/sandbox/keys/*/faults`, {
    method: 'POST',
    body: JSON.stringify([{ kind: 'stall', chunks, delay: 60 * second }]),
  });
  expect(answer.ok).toBe(true);
}

async function open(page: Page, name: string, credits = '500') {
  const person = await Person.join(name, credits);
  await person.enter(page.context());
  await page.goto('/playground?model=gpt-4');
  return person;
}

interface Rows {
  viewer: { wallet: { available: string; held: string }; usageLogs: { edges: { node: { id: string; creditsCharged: string; completionTokens: number } }[] } };
}

const rows = (person: Person) =>
  person.ask<Rows>('{ viewer { wallet { available held } usageLogs(first: 10) { edges { node { id creditsCharged completionTokens } } } } }');

test('answers piece by piece, and says what it cost', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const tom = await open(page, 'Tom at play');
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill("What's a ledger?");
  await expect(page.getByText(/at most [\d.\u202F]+ Cr/u)).toBeVisible();
  await message.press('Enter');
  const cost = page.getByTestId('cost');
  await expect(cost).toContainText(/Cr · \d+ tokens · \d+\.\d\d s · receipt/u);
  const { viewer } = await rows(tom);
  const row = viewer.usageLogs.edges[0]?.node;
  await expect(cost.getByRole('link', { name: 'receipt' })).toHaveAttribute('href', new RegExp(row?.id ?? 'none', 'u'));
  expect(Number(viewer.wallet.available)).toBeCloseTo(500 - Number(row?.creditsCharged), 6);

  await page.getByRole('button', { name: 'Copy the answer' }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.length).toBeGreaterThan(10);
  await page.getByRole('button', { name: 'Copy as' }).click();
  await page.getByRole('menuitem', { name: 'curl' }).click();
  await expect(page.getByText('Copied', { exact: true })).toBeVisible();
  const curl = await page.evaluate(() => navigator.clipboard.readText());
  expect(curl).toContain('/v1/chat/completions');
  expect(curl).toContain(String.raw`What'\''s a ledger?`);
  await page.getByRole('button', { name: 'Copy as' }).click();
  await page.getByRole('menuitem', { name: 'GraphQL' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('mutation {');

  await page.reload();
  await expect(page.getByText("What's a ledger?")).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('ledger?');
  await expectSound(page);
  await page.getByRole('button', { name: 'New conversation' }).click();
  await expect(page.getByText('Ask something')).toBeVisible();
});

test('stops for good, and charges what came', async ({ page }) => {
  const tom = await open(page, 'Tom in a hurry');
  await stall(2);
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill('Write an article');
  await message.press('Enter');
  const answer = page.getByRole('article');
  await expect(answer).toContainText('gpt-4 is answering');
  await expect.poll(async () => ((await answer.textContent()) ?? '').length).toBeGreaterThan(50);
  await page.keyboard.press('Escape');
  await expect(page.getByText('You stopped it. What had come is charged.')).toBeVisible({ timeout: 10_000 });
  const { viewer } = await rows(tom);
  expect(viewer.usageLogs.edges).toHaveLength(1);
  const row = viewer.usageLogs.edges[0]?.node;
  expect(row?.completionTokens).toBeLessThan(24);
  expect(Number(row?.creditsCharged)).toBeGreaterThan(0);
  expect(Number(viewer.wallet.held)).toBe(0);
  await expect(page.getByTestId('cost')).toContainText('counted here');
  await expectSound(page);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByTestId('cost')).toContainText('receipt');
  await expect(page.getByText('You stopped it.')).toHaveCount(0);
});

test('charges nothing twice when the connection is cut in the middle of an answer', async ({ page }) => {
  const sockets: { close: () => Promise<unknown> }[] = [];
  await page.routeWebSocket('**/graphql', (socket) => {
    const server = socket.connectToServer();
    sockets.push({ close: () => Promise.all([socket.close({ code: 3008 }), server.close({ code: 1000 })]) });
  });
  const tom = await open(page, 'Tom in a storm at play');
  await stall(2);
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill('Write an article');
  await message.press('Enter');
  const answer = page.getByRole('article');
  await expect.poll(async () => ((await answer.textContent()) ?? '').length).toBeGreaterThan(50);
  await Promise.all(sockets.map(({ close }) => close()));
  await expect(page.getByText('The connection was lost. What had come is charged, the rest is not.')).toBeVisible({ timeout: 10_000 });
  await expect(page.getByText('Reconnecting')).toHaveCount(0, { timeout: 10_000 });
  const { viewer } = await rows(tom);
  expect(viewer.usageLogs.edges).toHaveLength(1);
  await expect(page.getByTestId('cost')).toContainText('Cr');
});

test('says what a refusal means for the money', async ({ page }) => {
  await open(page, 'Tom without Credits', '0');
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill('Hi');
  await message.press('Enter');
  await expect(page.getByText('You have too few Credits for this. Nothing was charged.').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('answers and says what it cost', async ({ page }) => {
    await open(page, 'Tom at play in Chinese');
    const message = page.getByRole('textbox', { name: '消息' });
    await message.fill('什么是账本？');
    await expect(page.getByText(/最多 [\d.\u202F]+ 积分/u)).toBeVisible();
    await page.getByRole('button', { name: '发送' }).click();
    await expect(page.getByTestId('cost')).toContainText('凭据');
    await expectSound(page);
  });
});
