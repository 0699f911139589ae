import { readFile } from 'node:fs/promises';

import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

// Pages are looked at in four ways each.
test.beforeEach(() => test.slow());

const requests = 'Requests, newest first. J and K move, Enter opens.';
const statement = 'Statement, newest first. J and K move, Enter opens.';

test('lists requests as they come and opens one', async ({ page }) => {
  const tom = await Person.join('Tom in usage', '50');
  await tom.complete();
  await tom.enter(page.context());
  await page.goto('/usage');
  const rows = page.getByRole('table', { name: requests }).getByRole('row');
  await expect(rows).toHaveCount(2);
  await tom.complete();
  await expect(rows).toHaveCount(3, { timeout: 10_000 });
  await expect(rows.nth(1)).toContainText('gpt-4');
  await expect(rows.nth(1)).toContainText('−0.24 Cr');
  await expectSound(page);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Request to gpt-4' });
  await expect(drawer).toContainText('Succeeded');
  await expect(drawer.getByRole('row', { name: 'Your wallet −0.24 Cr' })).toBeVisible();
  await expect(page).toHaveURL(/request=use_/u);
  await expectSound(page);
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await expect(page).not.toHaveURL(/request=/u);
});

test('narrows the requests, and writes what is left to a file', async ({ page }) => {
  const tom = await Person.join('Tom in filters', '50');
  await tom.complete();
  await tom.complete();
  await tom.enter(page.context());
  await page.goto('/usage?status=FAILED');
  await expect(page.getByText('No request matches')).toBeVisible();
  await expectSound(page);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  const rows = page.getByRole('table', { name: requests }).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(page).toHaveURL(/\/usage$/u);
  await page.getByLabel('To', { exact: true }).fill('2020-01-01');
  await expect(page.getByText('No request matches')).toBeVisible();
  await expect(page).toHaveURL(/to=/u);
  await page.getByLabel('To', { exact: true }).fill('');
  await page.getByRole('combobox', { name: 'Model' }).fill('gpt-4');
  await page.getByRole('option', { name: 'gpt-4', exact: true }).click();
  await expect(page).toHaveURL(/model=gpt-4/u);
  await expect(rows).toHaveCount(3);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  const lines = (await readFile(await (await downloading).path(), 'utf8')).split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^\uFEFFtime,request,status,model,/u);
  expect(lines[1]).toMatch(/,SUCCEEDED,gpt-4,gpt-4,.*,0\.24,$/u);
});

test('reads on where many requests are', async ({ page }) => {
  const tom = await Person.join('Tom of many requests', '50');
  for (let round = 0; round < 11; round += 1) {
    // Five at a time.
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(Array.from({ length: 5 }, () => tom.complete()));
  }
  await tom.enter(page.context());
  await page.goto('/usage');
  const rows = page.getByRole('table', { name: requests }).getByRole('row');
  await expect(rows.nth(40)).toBeVisible();
  await page.mouse.wheel(0, 10_000);
  await expect(rows).toHaveCount(56);
  await expect(page.getByText('That is all.')).toBeVisible();
  await page.getByRole('tab', { name: 'Statement' }).click();
  const lines = page.getByRole('table', { name: statement }).getByRole('row');
  await expect(lines.nth(40)).toBeVisible();
  await page.mouse.wheel(0, 10_000);
  await expect(lines).toHaveCount(57);
});

test('shows the statement, its files and a receipt', async ({ page }) => {
  test.setTimeout(120_000);
  const tom = await Person.join('Tom of the statement', '50');
  await tom.complete();
  await tom.enter(page.context());
  await page.goto('/usage');
  await page.getByRole('tab', { name: 'Statement' }).click();
  await expect(page).toHaveURL(/tab=statement/u);
  const table = page.getByRole('table', { name: statement });
  await expect(table.getByRole('row')).toHaveCount(3);
  await expect(table.getByRole('row', { name: /Grant To test with \+50\.00 Cr 50\.00 Cr/u })).toBeVisible();
  await expect(table.getByRole('row', { name: /Request gpt-4 −0\.24 Cr 49\.76 Cr/u })).toBeVisible();
  await expectSound(page);
  const month = new Date().toISOString().slice(0, 7);
  await page.getByRole('combobox', { name: 'Period of the statement' }).click();
  await page.getByRole('option').nth(1).click();
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download CSV' }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toContain(`statement-${month}-01-to-`);
  expect((await readFile(await file.path(), 'utf8')).split('\r\n')).toHaveLength(4);
  const proof = async () => {
    const { viewer } = await tom.ask<{ viewer: { wallet: { entries: { edges: { node: { transaction: { proof: unknown } } }[] } } } }>(
      '{ viewer { wallet { entries(first: 1) { edges { node { transaction { proof { index } } } } } } } }',
    );
    return viewer.wallet.entries.edges[0]?.node.transaction.proof ?? null;
  };
  await expect.poll(proof, { timeout: 80_000, intervals: [2000] }).not.toBeNull();
  const saving = page.waitForEvent('download');
  await table.getByRole('link', { name: /Receipt of transaction/u }).first().click();
  const receipt = await saving;
  expect(receipt.suggestedFilename()).toMatch(/^receipt-\d+\.json$/u);
  expect(JSON.parse(await readFile(await receipt.path(), 'utf8'))).toBeInstanceOf(Object);
  await page.goBack();
  await expect(page.getByRole('table', { name: requests })).toBeVisible();
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('shows requests and the statement', async ({ page }) => {
    const tom = await Person.join('Tom of usage in Chinese', '50');
    await tom.complete();
    await tom.enter(page.context());
    await page.goto('/usage');
    await expect(page.getByRole('heading', { name: '用量' })).toBeVisible();
    await expectSound(page);
    await page.getByRole('link', { name: /对 gpt-4 的请求/u }).click();
    await expect(page.getByRole('dialog', { name: '对 gpt-4 的请求' })).toContainText('你的钱包');
    await page.getByRole('button', { name: '关闭' }).click();
    await page.getByRole('tab', { name: '账单' }).click();
    await expect(page.getByRole('cell', { name: '发放' })).toBeVisible();
    await expectSound(page);
  });
});
