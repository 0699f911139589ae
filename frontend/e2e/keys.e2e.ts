import { expect, test } from './page.ts';
import { Person, sandboxKey } from './people.ts';
import { expectSound } from './sights.ts';

test.describe.configure({ timeout: 180_000 }); // each page is looked at in four ways

// Keys of the sandbox are kept while it runs.
const fresh = (name: string) => `sk-${name}-${Date.now()}-0123456789`;

test('who has no key is told how to bring one', async ({ page, context }) => {
  await (await Person.join('Newcomer')).enter(context);
  await page.goto('/keys');
  await expect(page.getByRole('heading', { name: 'You have no keys in the pool' })).toBeVisible();
  await expectSound(page);
});

test('a key is paused and limited', async ({ page, context }) => {
  const person = await Person.join('Owner');
  await person.enter(context);
  const first = fresh('first');
  const id = await person.deposit(first, '100');
  await page.goto('/keys');
  const card = page.getByRole('article', { name: first });
  await expect(card.getByText('Serving', { exact: true })).toBeVisible();
  await expectSound(page);

  await card.getByRole('button', { name: 'Pause' }).click();
  await expect(card.getByText(/^Paused/)).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(card.getByText('Serving', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText(`${first} passed the test.`)).toBeVisible();

  // What is done elsewhere is seen here.
  await person.ask('mutation($id: ID!) { pauseResource(id: $id) { id } }', { id });
  await expect(card.getByText(/^Paused/)).toBeVisible();
  await card.getByRole('button', { name: 'Resume' }).click();
  await expect(card.getByText('Serving', { exact: true })).toBeVisible();

  await card.getByRole('button', { name: 'Limits' }).click();
  await page.getByLabel('Requests at a time').fill('none');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('A whole number from 1 to 10 000, or nothing.')).toBeVisible();
  await expectSound(page);
  await page.getByLabel('Requests at a time').fill('4');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(card.getByText('4 at a time')).toBeVisible();
});

test('a key is replaced and taken back', async ({ page, context }) => {
  const person = await Person.join('Leaver');
  await person.enter(context);
  const [first, second] = [fresh('leaving'), fresh('second')];
  await person.deposit(first, '100');
  await sandboxKey(second, '100');
  await page.goto('/keys');
  const card = page.getByRole('article', { name: first });
  await card.getByRole('button', { name: 'Replace key' }).click();
  await page.getByLabel('New API key').fill(second);
  await expectSound(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Replace key' }).click();
  // Each key of the sandbox is an account of its own.
  await expect(page.getByText(/does not accept this key, or it is of another account/)).toBeVisible();
  await page.keyboard.press('Escape');

  await card.getByRole('button', { name: 'Take back' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('$100.00')).toBeVisible();
  await expect(dialog.getByText('−90.00')).toBeVisible();
  await expectSound(page);
  await dialog.getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByText(/is taken back. 90.00 Cr were returned, 10.00 Cr of the fee undone/)).toBeVisible();
  await expect(page.getByRole('link', { name: /Available/ })).toContainText('0.00');
  await page.getByRole('button', { name: 'Over (1)' }).click();
  await expect(page).toHaveURL(/over=true/);
  await expect(card.getByText('Taken back; the key was destroyed')).toBeVisible();
  await expectSound(page);
});

test('a key is not taken back whose Credits are spent', async ({ page, context }) => {
  const person = await Person.join('Spender');
  await person.enter(context);
  const key = fresh('spent');
  await person.deposit(key, '20');
  await person.complete();
  await page.goto('/keys');
  await page.getByRole('article', { name: key }).getByRole('button', { name: 'Take back' }).click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('You have spent Credits that were given for this key');
  await expectSound(page);
});

test('a key has a page with what was done with it', async ({ page, context }) => {
  const person = await Person.join('Reader');
  await person.enter(context);
  const id = await person.deposit(fresh('page'), '50');
  await person.complete();
  await page.goto(`/keys/${id}`);
  await expect(page.getByText('In the pool since')).toBeVisible();
  await expectSound(page);
  await page.getByRole('tab', { name: 'Requests' }).click();
  await expect(page).toHaveURL(/tab=requests/);
  await expect(page.getByRole('tabpanel')).toBeVisible();
  await expectSound(page);
  await page.getByRole('tab', { name: 'Accesses' }).click();
  await expectSound(page);
  await page.goBack();
  await expect(page).toHaveURL(/tab=requests/);
  await page.goto('/keys/res_none');
  await expect(page.getByText('There is no such key, or it is not yours.')).toBeVisible();
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });

  test('keys and their pages are in Chinese', async ({ page, context }) => {
    const person = await Person.join('Reader zh');
    await person.enter(context);
    const key = fresh('zh');
    const id = await person.deposit(key, '30');
    await page.goto('/keys');
    const card = page.getByRole('article', { name: key });
    await expect(card.getByText('服务中', { exact: true })).toBeVisible();
    await card.getByRole('button', { name: '暂停' }).click();
    await expect(page.getByText(`${key} 已暂停。`)).toBeVisible();
    await expectSound(page);
    await page.goto(`/keys/${id}`);
    await expect(page.getByRole('tab', { name: '访问记录' })).toBeVisible();
    await expectSound(page);
  });
});
