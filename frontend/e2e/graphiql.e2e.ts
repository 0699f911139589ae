import { expect, test } from './page.ts';

test('GraphiQL runs a query', async ({ page }) => {
  await page.goto('/graphiql');
  const editor = page.getByRole('region', { name: 'Operation Editor' }).getByRole('textbox');
  await editor.focus(); // text that is drawn over the box takes a click
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('{ answer: __typename ');
  await page.keyboard.press('ControlOrMeta+Enter'); // suggestions, which come when they come, may cover the button
  const result = page.getByRole('region', { name: 'Result Window' }).getByRole('textbox');
  await expect(result).toHaveValue(/"answer": "Query"/);
});

test('GraphiQL shows the schema', async ({ page }) => {
  await page.goto('/graphiql');
  await page.getByRole('button', { name: /documentation explorer/i }).click();
  await expect(page.getByRole('link', { name: 'Subscription', exact: true })).toBeVisible();
});
