import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './page.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the page at / is accessible in ${colorScheme} colours`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto('/');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('A bank for LLM API keys');
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']).analyze();
    expect(violations).toEqual([]);
  });
}

test('the page at / leads to GraphiQL and to the health of the server', async ({ page, request }) => {
  await page.goto('/');
  const health = await page.getByRole('link', { name: '/healthz' }).getAttribute('href');
  expect((await request.get(health ?? '')).ok()).toBe(true);
  await page.getByRole('link', { name: 'GraphiQL' }).click();
  await expect(page).toHaveTitle(/GraphiQL/);
});

test.describe('for a reader of Chinese', () => {
  test.use({ locale: 'zh-CN' });

  test('the page at / is in Chinese', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('存放大模型 API 密钥的银行');
    await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  });
});
