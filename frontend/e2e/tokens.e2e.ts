import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

// Pages are looked at in four ways, some of them more than once.
test.describe.configure({ timeout: 120_000 });

/** Asks as a program does. */
const ask = (origin: string | undefined, secret: string) =>
  fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 50 }),
  });

test('makes a token that works until it is revoked', async ({ page, baseURL }) => {
  const tom = await Person.join('Tom with a program', '50');
  await tom.enter(page.context());
  await page.goto('/tokens');
  await expect(page.getByText('No tokens yet')).toBeVisible();
  await expectSound(page);

  await page.getByRole('button', { name: 'New token' }).first().click();
  await expect(page).toHaveURL(/create=true/u);
  const form = page.getByRole('dialog', { name: 'New token' });
  await form.getByRole('button', { name: 'Make the token' }).click();
  await expect(form.getByText('Give it a name, so that you know later what uses it.')).toBeVisible();
  await form.getByLabel('Name').fill('Notebook');
  await form.getByLabel('Budget, Credits').fill('25');
  await form.getByLabel('The budget begins again').selectOption('MONTH');
  await form.getByLabel('Networks').fill('127.0.0.0/8');
  await form.getByLabel('Networks').press('Enter');
  await expectSound(page);
  await form.getByRole('button', { name: 'Make the token' }).click();

  const secret = (await page.getByTestId('secret').textContent()) ?? '';
  expect(secret).toMatch(/^rp_/u);
  await expect(page).toHaveURL(/\/tokens$/u);
  await expect(page.getByLabel('curl program')).toContainText(secret);
  await expect(page.getByLabel('curl program')).toContainText(`${baseURL}/v1/chat/completions`);
  await page.getByRole('tab', { name: 'Anthropic' }).click();
  await expect(page.getByLabel('Anthropic program')).toContainText(secret);
  await expectSound(page);
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await expect(page.locator('body')).not.toContainText(secret);

  const answer = await ask(baseURL, secret);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ choices: [{ message: { role: 'assistant' } }] });
  await page.reload();
  const row = page.getByRole('row').filter({ hasText: 'Notebook' });
  await expect(row).toContainText(/of 25\.00 Cr spent/u);
  await expect(row).not.toContainText('not yet');

  await row.getByRole('button', { name: 'Revoke Notebook' }).click();
  const dialog = page.getByRole('dialog', { name: /Revoke/u });
  await expect(dialog).toContainText('refused at once');
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(page.getByText('No tokens yet')).toBeVisible();
  expect((await ask(baseURL, secret)).status).toBe(401);
  await page.getByRole('switch', { name: 'Show the one that ended' }).check({ force: true });
  await expect(page).toHaveURL(/ended=true/u);
  await expect(row).toContainText('Revoked');
  await expectSound(page);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('makes a token', async ({ page }) => {
    const tom = await Person.join('Tom with a program in Chinese');
    await tom.enter(page.context());
    await page.goto('/tokens?create=true');
    await page.getByRole('dialog').getByLabel('名称').fill('笔记本');
    await page.getByRole('button', { name: '创建令牌' }).click();
    await expect(page.getByTestId('secret')).toContainText('rp_');
    await page.getByRole('button', { name: '我已保存' }).click();
    await expect(page.getByRole('row').filter({ hasText: '笔记本' })).toContainText('有效');
    await expectSound(page);
  });
});
