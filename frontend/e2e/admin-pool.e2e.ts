import { expect, test } from './page.ts';
import { Person, sandboxKey } from './people.ts';
import { expectSound } from './sights.ts';

test.beforeEach(async ({ page }) => {
  // Pages are looked at in every size and colour.
  test.setTimeout(180_000);
  await (await Person.admin()).enter(page.context());
});

test('ranks contributors in the order of the address', async ({ page }) => {
  const bob = await Person.join(`Bob who is ranked ${Date.now()}`);
  await bob.deposit(`sk-ranked-${Date.now()}`, '321');
  await page.goto('/admin/ranking');
  const row = page.getByRole('row', { name: bob.name });
  await expect(row).toContainText('$321.00');
  await expect(row).toContainText('Active');
  await page.getByRole('button', { name: 'Requests' }).click();
  await expect(page).toHaveURL(/order=REQUESTS/u);
  await expectSound(page);
  await row.getByRole('link', { name: bob.name }).click();
  await expect(page.getByRole('dialog').getByText('In the pool')).toBeVisible();
});

test('finds a key, suspends it with a reason and lifts it', async ({ page }) => {
  const bob = await Person.join(`Bob who is stopped ${Date.now()}`);
  const id = await bob.deposit(`sk-stopped-${Date.now()}`, '100');
  await page.goto(`/admin/resources?owner=USER&person=${bob.id}`);
  await expect(page.getByRole('row')).toHaveCount(2);
  await expectSound(page);
  await page.getByRole('row', { name: /sk-stopped/u }).getByRole('button').click();
  await expect(page).toHaveURL(new RegExp(`row=${id}`, 'u'));
  const drawer = page.getByRole('dialog').first();
  await expect(drawer.getByText('no, only declared')).toBeVisible();
  await expectSound(page);
  await drawer.getByRole('button', { name: 'Verify' }).click();
  await expect(drawer.getByText('Verified: the provider accepts the key.')).toBeVisible();
  await drawer.getByRole('button', { name: 'Set limits' }).click();
  await page.getByLabel('Requests a minute').fill('60');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(drawer.getByText('60', { exact: true })).toBeVisible();

  await drawer.getByRole('button', { name: 'Suspend' }).click();
  const dialog = page.getByRole('dialog', { name: /^Suspend/u });
  await dialog.getByRole('button', { name: 'Suspend' }).click();
  await expect(dialog.getByText('Say why: whoever is concerned reads it.')).toBeVisible();
  await dialog.getByLabel('Reason').fill('spends faster than we send');
  await dialog.getByRole('button', { name: 'Suspend' }).click();
  await expect(drawer.getByText('spends faster than we send')).toBeVisible();
  await drawer.getByRole('button', { name: 'Lift the suspension' }).click();
  await page.getByRole('dialog', { name: /^Lift/u }).getByRole('button', { name: 'Lift the suspension' }).click();
  await expect(drawer.getByText('Serving')).toBeVisible();
  await page.keyboard.press('Escape');
  // What somebody else does appears by itself.
  await bob.ask('mutation($id: ID!) { pauseResource(id: $id) { id } }', { id });
  await expect(page.getByRole('row', { name: /sk-stopped/u })).toContainText('Paused');
});

test('adds a key of the platform, as a backup', async ({ page }) => {
  const key = `sk-added-${Date.now()}`;
  await sandboxKey(key, '500');
  await page.goto('/admin/resources?row=new');
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('button', { name: 'Add a platform key' }).click();
  await expect(drawer.getByText('Choose a provider.')).toBeVisible();
  await drawer.getByRole('combobox', { name: 'Provider' }).fill('Another');
  await page.getByRole('option', { name: /Another address/u }).click();
  await expect(drawer.getByLabel('Address')).toBeVisible();
  await drawer.getByRole('combobox', { name: 'Provider' }).fill('OpenAI');
  await page.getByRole('option', { name: 'OpenAI', exact: true }).click();
  await drawer.getByLabel('API key').fill(key);
  await drawer.getByLabel('Quota in USD').fill('500');
  await drawer.getByLabel('Label').fill('Spare of the tests');
  await drawer.getByLabel('Only as a backup').check();
  await expectSound(page);
  await drawer.getByRole('button', { name: 'Add a platform key' }).click();
  await expect(page.getByRole('dialog', { name: 'Spare of the tests' }).getByText('Serves only when no other key can.')).toBeVisible();
});

test('sets a price and sees its margin, and gives a model a further name', async ({ page }) => {
  await page.goto('/admin/prices?search=gpt-4&provider=openai');
  await expect(page.getByText(/^Catalogue:/u)).toBeVisible();
  await expectSound(page);
  await page.getByRole('button', { name: 'gpt-4', exact: true }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('Output price').fill('9999.999999999');
  await expect(drawer.getByText('+9 969.999999999'.replace(' ', '\u202F'))).toBeVisible();
  await expect(drawer.getByText('Below cost', { exact: false })).toBeVisible();
  await expectSound(page);
  await drawer.getByLabel('Reason').fill('a test');
  await drawer.getByRole('button', { name: 'Save' }).click();
  await expect(drawer.getByText('Saved. Requests from now on are charged by it.')).toBeVisible();
  await drawer.getByLabel('Output price').fill('10000');
  await drawer.getByRole('button', { name: 'Save' }).click();
  await expect(drawer.getByText('Saved. Requests from now on are charged by it.')).toBeVisible();
  await page.keyboard.press('Escape');

  const alias = `further-${Date.now()}`;
  await page.getByRole('tab', { name: /Aliases/u }).click();
  await page.getByRole('textbox', { name: 'Alias' }).fill(alias);
  await page.getByRole('combobox', { name: 'Stands for' }).fill('gpt-4');
  await page.getByRole('option', { name: 'gpt-4', exact: true }).click();
  await page.getByRole('button', { name: 'Add an alias' }).click();
  await expect(page.getByRole('row', { name: alias })).toContainText('gpt-4');
  await expectSound(page);
  await page.getByRole('button', { name: `Remove ${alias}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('row', { name: alias })).toHaveCount(0);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('shows the ranking, the keys and the prices', async ({ page }) => {
    await page.goto('/admin/ranking');
    await expect(page.getByRole('heading', { name: '排行' })).toBeVisible();
    await page.goto('/admin/resources?owner=PLATFORM');
    await page.getByRole('row', { name: /Platform/u }).first().getByRole('button').click();
    await expect(page.getByRole('dialog').getByRole('button', { name: '停用' })).toBeVisible();
    await page.goto('/admin/prices');
    await expect(page.getByRole('button', { name: '设定价格' })).toBeVisible();
  });
});
