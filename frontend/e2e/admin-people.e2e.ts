import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

test.beforeEach(async ({ page }) => {
  // Pages are looked at in every size and colour.
  test.setTimeout(180_000);
  await (await Person.admin()).enter(page.context());
});

test('finds somebody, grants Credits once, freezes and unfreezes', async ({ page }) => {
  const tom = await Person.join(`Tom of the admins ${Date.now()}`, '50');
  await page.goto('/admin/people');
  const field = page.getByRole('searchbox', { name: 'Name or e-mail' });
  await field.fill('To');
  await expect(page.getByText('At least 3 letters.')).toBeVisible();
  await field.fill(tom.email);
  await expect(page).toHaveURL(/search=/u);
  await expect(page.getByRole('row')).toHaveCount(2);
  await expectSound(page);
  await page.getByRole('button', { name: tom.name }).click();
  const drawer = page.getByRole('dialog', { name: tom.name });
  await expect(drawer.getByText('50.00')).toBeVisible();

  await drawer.getByRole('button', { name: 'Grant Credits' }).click();
  const grant = page.getByRole('dialog', { name: 'Grant Credits' });
  await grant.getByLabel('Amount').fill('ten');
  await expect(grant.getByText('Write a number with at most 9 decimals', { exact: false })).toBeVisible();
  await grant.getByLabel('Amount').fill('12.5');
  await grant.getByLabel('Memo').fill('For the tests');
  await expectSound(page);
  await grant.getByRole('button', { name: 'Grant Credits' }).click();
  await expect(drawer.getByText('62.50')).toBeVisible();
  await expect(drawer.getByText(/Granted, booked as #/u)).toBeVisible();

  await drawer.getByRole('button', { name: 'Freeze' }).click();
  const freeze = page.getByRole('dialog', { name: /^Freeze/u });
  await freeze.getByLabel('Reason').fill('asks too much');
  await freeze.getByRole('button', { name: 'Freeze' }).click();
  await expect(drawer.getByText('Frozen')).toBeVisible();
  await drawer.getByRole('button', { name: 'Unfreeze' }).click();
  await page.getByRole('dialog', { name: /^Unfreeze/u }).getByRole('button', { name: 'Unfreeze' }).click();
  await expect(drawer.getByText('Active')).toBeVisible();

  await drawer.getByRole('button', { name: /^End/u }).click();
  await page.getByRole('dialog', { name: 'End this session?' }).getByRole('button', { name: 'End' }).click();
  await expect(drawer.getByText('Signed in nowhere.')).toBeVisible();
  expect(await tom.ask('{ viewer { id } }')).toEqual({ viewer: null });
});

test('makes a role out of rights, gives it and removes it', async ({ page }) => {
  const ann = await Person.join(`Ann who audits ${Date.now()}`);
  const name = `AUDITOR_${Date.now()}`;
  await page.goto('/admin/people?tab=roles');
  await page.getByRole('button', { name: 'New role' }).click();
  const form = page.getByRole('dialog', { name: 'New role' });
  await form.getByLabel('Name').fill(name.toLowerCase());
  await expect(form.getByLabel('Name')).toHaveValue(name);
  await form.getByLabel('Description').fill('Reads the books');
  await form.getByRole('button', { name: 'Save the role' }).click();
  await expect(form.getByText('Pick at least one right.')).toBeVisible();
  await form.getByLabel('Find a right').fill('ledgerAudit');
  await form.getByRole('checkbox', { name: 'call Query.ledgerAudit' }).check();
  await form.getByLabel('Find a right').fill('');
  await expectSound(page);
  await form.getByRole('button', { name: 'Save the role' }).click();
  await expect(page.getByRole('row', { name: new RegExp(name, 'u') })).toContainText('1 right');
  await expectSound(page);

  await page.goto(`/admin/people?row=${ann.id}`);
  const drawer = page.getByRole('dialog', { name: ann.name });
  await drawer.getByRole('button', { name: 'Change roles' }).click();
  await page.getByRole('checkbox', { name: name }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(drawer.getByText(`User, ${name}`)).toBeVisible();

  await page.goto(`/admin/people?tab=roles&edit=${name}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog', { name: /^Remove the role/u }).getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('row', { name: new RegExp(name, 'u') })).toHaveCount(0);
});

test('invites somebody', async ({ page }) => {
  await page.goto('/admin/people?row=invite');
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('E-mail').fill('nobody');
  await drawer.getByRole('button', { name: 'Make the link' }).click();
  await expect(drawer.getByText('Write an e-mail address.')).toBeVisible();
  await drawer.getByLabel('E-mail').fill(`guest.${Date.now()}@example.com`);
  await drawer.getByRole('button', { name: 'Make the link' }).click();
  await expect(drawer.getByLabel(/^The link for guest/u)).toHaveValue(/^https?:\/\/.+/u);
  await expectSound(page);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('grants Credits', async ({ page }) => {
    const tom = await Person.join(`Tom 中文 ${Date.now()}`);
    await page.goto(`/admin/people?row=${tom.id}`);
    const drawer = page.getByRole('dialog', { name: tom.name });
    await drawer.getByRole('button', { name: '发放积分' }).click();
    const grant = page.getByRole('dialog', { name: '发放积分' });
    await grant.getByLabel('数量').fill('5');
    await grant.getByLabel('备注').fill('测试');
    await grant.getByRole('button', { name: '发放积分' }).click();
    await expect(drawer.getByText(/已发放，入账为 #/u)).toBeVisible();
  });
});
