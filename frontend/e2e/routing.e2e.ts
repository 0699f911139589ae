import type { Page } from '@playwright/test';

import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

async function open(page: Page, search = '') {
  await (await Person.admin()).enter(page.context());
  await page.goto(`/admin/routing${search}`);
}

test('previews which key would serve, and why', async ({ page }) => {
  test.slow();
  await open(page);
  await expect(page.getByText('score = (0.4 · cost + 0.3 · performance + 0.3 · reliability)', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Show the choice' }).click();
  await expect(page.getByText('Choose a model')).toBeVisible();
  await page.getByRole('combobox', { name: 'Model' }).fill('gpt-4');
  await page.getByRole('option', { name: 'gpt-4', exact: true }).click();
  await expect(page).toHaveURL(/model=gpt-4/u);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Tell me about the sea');
  await page.getByRole('button', { name: 'Show the choice' }).click();
  await expect(page.getByText('chosen')).toBeVisible();
  await expectSound(page);
});

test('explains a past request, and leads to the ledger and back', async ({ page }) => {
  const tom = await Person.join('Tom who asks why', '50');
  await tom.complete();
  const { usageLogs } = await tom.ask<{ usageLogs: { edges: { node: { id: string } }[] } }>('{ usageLogs(first: 1) { edges { node { id } } } }');
  const id = usageLogs.edges[0]?.node.id ?? '';
  await open(page);
  await page.getByRole('textbox', { name: 'Request id' }).fill(id);
  await page.getByRole('button', { name: 'Find' }).click();
  await expect(page).toHaveURL(new RegExp(`request=${id}`, 'u'));
  await expect(page.getByText('Tom who asks why')).toBeVisible();
  await expect(page.getByText('chosen')).toBeVisible();
  await page.getByRole('link', { name: 'Open it in the ledger' }).click();
  const drawer = page.getByRole('dialog');
  await expect(drawer.getByText('Wallet of Tom who asks why')).toBeVisible();
  await drawer.getByRole('link', { name: 'All about the choice' }).click();
  await expect(page).toHaveURL(new RegExp(`request=${id}`, 'u'));
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('previews', async ({ page }) => {
    await open(page, '?model=gpt-4');
    await page.getByRole('button', { name: '查看选择' }).click();
    await expect(page.getByText('已选中')).toBeVisible();
  });
});
