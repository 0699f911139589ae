import type { Page } from '@playwright/test';

import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

async function open(page: Page, search = '') {
  await (await Person.admin()).enter(page.context());
  await page.goto(`/admin${search}`);
}

test('shows the pool at a glance and follows it', async ({ page }) => {
  test.slow();
  const tom = await Person.join('Tom in the overview', '50');
  await tom.complete();
  await open(page);
  await expect(page.getByText(/Books checked to transaction/u)).toBeVisible();
  await Promise.all(
    ['Total value', 'Active keys', 'Contributors', 'Success rate', 'Profit today'].map((figure) => expect(page.getByText(figure, { exact: true }).first()).toBeVisible()),
  );
  const requests = page.locator('dt', { hasText: 'Requests' }).locator('xpath=following-sibling::dd');
  const before = Number(await requests.textContent());
  await tom.complete();
  await expect(requests).toHaveText(String(before + 1), { timeout: 10_000 });
  await expect(page.getByRole('table', { name: 'Requests' })).toBeAttached();
  await expectSound(page);
  await page.getByText('30 days').click();
  await expect(page).toHaveURL(/period=month/u);
  await expect(page.getByRole('table', { name: 'Requests' }).getByRole('row')).toHaveCount(31);
});

test('puts a suspended key on top', async ({ page }) => {
  test.slow();
  const owner = await Person.join('Owner of a bad key');
  const id = await owner.deposit(`sk-suspended-${Date.now()}`, '20');
  await (await Person.admin()).ask('mutation($id: ID!) { suspendResource(id: $id, reason: "looks stolen") { id } }', { id });
  await open(page);
  const alert = page.getByRole('alert').filter({ hasText: 'suspended' });
  await expect(alert).toContainText('Owner of a bad key');
  await expect(alert).toContainText('by an admin: looks stolen');
  await expectSound(page);
  await alert.getByRole('link', { name: 'Look at the keys' }).click();
  await expect(page).toHaveURL(/\/admin\/resources/u);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('shows the pool', async ({ page }) => {
    await open(page, '?period=month');
    await expect(page.getByRole('heading', { name: '资源池总览' })).toBeVisible();
    await expect(page.getByText(/账本已核对至账目/u)).toBeVisible();
  });
});
