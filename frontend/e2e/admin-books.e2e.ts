import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

test.beforeEach(async ({ page }) => {
  // Pages are looked at in every size and colour.
  test.setTimeout(180_000);
  await (await Person.admin()).enter(page.context());
});

test('changes a setting with a reason, which the audit log keeps', async ({ page }) => {
  await page.goto('/admin/settings');
  await page.getByLabel('Cost', { exact: true }).fill('0.5');
  await expect(page.getByText('0.1 too much')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  await expectSound(page);
  await page.getByRole('button', { name: 'Undo' }).click();
  const reason = `a test at ${Date.now()}`;
  await page.getByLabel('Low quota threshold').fill('11');
  await page.getByLabel('Reason').fill(reason);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved. In force within a second.')).toBeVisible();
  await page.getByLabel('Low quota threshold').fill('10');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved. In force within a second.')).toBeVisible();

  await page.goto('/admin/audit?action=settings.update');
  await page.getByRole('row', { name: new RegExp(reason, 'u') }).getByRole('button').click();
  const drawer = page.getByRole('dialog', { name: 'settings.update' });
  await expect(drawer.getByText(reason)).toBeVisible();
  await expect(drawer.getByText('low quota threshold')).toBeVisible();
  await expectSound(page);
  await drawer.getByRole('button', { name: 'Only by Admin' }).click();
  await expect(page).toHaveURL(/actor=usr_/u);
});

test('filters the audit log, and reads on to its end', async ({ page }) => {
  const tom = await Person.join(`Tom who is audited ${Date.now()}`);
  await page.goto(`/admin/audit?subject=${tom.id}`);
  await expect(page.getByRole('row', { name: /user.signUp/u })).toContainText(tom.name);
  await expectSound(page);
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await expect(page).toHaveURL(/\/admin\/audit$/u);
  await page.getByLabel('From').fill('2100-01-01');
  await expect(page.getByText('Nothing matches')).toBeVisible();
});

test('checks the books', async ({ page }) => {
  await page.goto('/admin/books');
  await expect(page.getByText('The books hold')).toBeVisible();
  await expect(page.getByText('holds', { exact: true })).toHaveCount(3);
  await page.getByRole('button', { name: 'Check again' }).click();
  await expect(page.getByText('The books hold')).toBeVisible();
  await expectSound(page);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('shows the settings, the audit log and the books', async ({ page }) => {
    await page.goto('/admin/settings');
    await page.getByLabel('成本', { exact: true }).fill('0.5');
    await expect(page.getByText('多出 0.1')).toBeVisible();
    await page.goto('/admin/audit?action=user.signIn');
    await page.getByRole('row', { name: /user.signIn/u }).first().getByRole('button').click();
    await expect(page.getByRole('dialog').getByText('操作者')).toBeVisible();
    await page.goto('/admin/books');
    await expect(page.getByText('账目无误')).toBeVisible();
  });
});
