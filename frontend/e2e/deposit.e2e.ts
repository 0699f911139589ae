import { expect, test } from './page.ts';
import { Person, sandboxKey } from './people.ts';
import { expectSound } from './sights.ts';

test.describe.configure({ timeout: 180_000 }); // each page is looked at in four ways

// Keys of the sandbox are kept while it runs.
const fresh = (name: string) => `sk-${name}-${Date.now()}-0123456789`;

test('somebody deposits a key and sees it be tested and booked', async ({ page, context }) => {
  await (await Person.join('Depositor')).enter(context);
  const key = fresh('good');
  await sandboxKey(key, '1000');
  await page.goto('/deposit');
  await page.getByLabel('Quota in US dollars').fill('$1,000');
  const receive = page.getByRole('region', { name: 'You receive' });
  await expect(receive.getByText('+900.00')).toBeVisible();
  await expect(receive.getByText('−100.00')).toBeVisible();
  await expectSound(page);

  await page.getByRole('button', { name: 'Deposit', exact: true }).click();
  await expect(page.getByText('Paste the key.')).toBeVisible();
  await expect(page.getByText('Agree to the terms first. Without it the key is not taken.')).toBeVisible();
  await expectSound(page);

  await page.getByLabel('API key').fill(key);
  await page.getByLabel('Label').fill('Work');
  await page.getByRole('checkbox', { name: /^I may share this key/ }).check();
  await page.getByRole('button', { name: 'Deposit', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Deposited' })).toBeFocused();
  await expect(page.getByText('+900.00')).toBeVisible();
  const steps = page.getByRole('region', { name: 'Verification' }).getByRole('listitem');
  await expect(steps).toHaveCount(4);
  await expect(steps.filter({ hasText: 'passed' })).toHaveCount(4);
  await expect(page.getByRole('link', { name: /Available/ })).toContainText('900.00');
  expect(await page.content()).not.toContain(key);
  await expectSound(page);

  await page.getByRole('link', { name: 'See the key' }).click();
  await expect(page.getByRole('heading', { name: 'Work', level: 1 })).toBeVisible();
  await expect(page.getByText('Serving', { exact: true })).toBeVisible();
});

test('a deposit that is refused says why, and keeps the form', async ({ page, context }) => {
  const person = await Person.join('Refused');
  await person.enter(context);
  await page.goto('/deposit');
  const send = page.getByRole('button', { name: 'Deposit', exact: true });
  await page.getByLabel('API key').fill(fresh('unknown'));
  await page.getByLabel('Quota in US dollars').fill('100');
  await page.getByRole('checkbox').check();
  await send.click();
  await expect(page.getByRole('alert')).toContainText('The provider does not accept this key');
  await expect(page.getByLabel('Quota in US dollars')).toHaveValue('100');
  await expect(page.getByRole('region', { name: 'Verification' }).getByRole('listitem').filter({ hasText: 'failed' })).toHaveCount(1);
  await expectSound(page);

  const taken = fresh('taken');
  await person.deposit(taken, '10');
  await page.getByLabel('API key').fill(taken);
  await send.click();
  await expect(page.getByRole('alert')).toContainText('is in the pool already');

  const low = fresh('low');
  await sandboxKey(low, '12.5');
  await page.getByRole('combobox', { name: 'Provider' }).click();
  await page.getByRole('option', { name: 'DeepSeek' }).click();
  await expect(page.getByText('This provider confirms the quota, so all of it is available at once.')).toBeVisible();
  await page.getByLabel('API key').fill(low);
  await send.click();
  await expect(page.getByRole('alert')).toContainText('The key has less than you declared');
  await expectSound(page);
  await page.getByRole('button', { name: 'Use $12.50' }).click();
  await expect(page.getByLabel('Quota in US dollars')).toHaveValue('12.5');
  await send.click();
  await expect(page.getByRole('heading', { name: 'Deposited' })).toBeVisible();
  await expect(page.getByText('+11.25')).toBeVisible();
});

test('what exceeds the trust limit vests', async ({ page, context }) => {
  await (await Person.join('Big')).enter(context);
  await page.goto('/deposit?quota=2000');
  const receive = page.getByRole('region', { name: 'You receive' });
  await expect(receive.getByText('+1 800.00')).toBeVisible();
  await expect(receive.getByText('800.00 Cr', { exact: true })).toBeVisible();
  await expect(receive.getByText(/you have 1\s000.00 Cr of it left/)).toBeVisible();
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });

  test('a key is deposited', async ({ page, context }) => {
    await (await Person.join('Depositor zh')).enter(context);
    const key = fresh('zh');
    await sandboxKey(key, '500');
    await page.goto('/deposit');
    await expect(page.getByRole('heading', { name: '存入', level: 1 })).toBeVisible();
    await page.getByLabel('API 密钥').fill(key);
    await page.getByLabel('额度（美元）').fill('500');
    await expectSound(page);
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: '存入', exact: true }).click();
    await expect(page.getByRole('heading', { name: '存入成功' })).toBeVisible();
    await expect(page.getByText('+450.00')).toBeVisible();
    await expectSound(page);
  });
});
