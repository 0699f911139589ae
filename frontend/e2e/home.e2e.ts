import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

// Pages are looked at in four ways each.
test.beforeEach(() => test.slow());

test('shows who is new how to begin', async ({ page }) => {
  await (await Person.join('New at home')).enter(page.context());
  await page.goto('/home');
  await expect(page.getByRole('heading', { name: 'Use the pool' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'A request with your token' })).toContainText(`curl ${new URL(page.url()).origin}/v1/chat/completions`);
  const quotes = page.getByRole('table', { name: 'What you get for a key' });
  await expect(quotes.getByRole('row', { name: /\$1\s000.*100\.00 Cr.*\+900\.00 Cr/u })).toBeVisible();
  await expectSound(page);
  await page.getByRole('region', { name: 'Deposit a key' }).getByRole('link', { name: 'Deposit a key' }).click();
  await expect(page).toHaveURL(/\/deposit$/u);
});

test('shows what there is and follows it', async ({ page }) => {
  const tom = await Person.join('Tom at home', '50');
  await tom.complete();
  await tom.enter(page.context());
  await page.goto('/home');
  const recent = page.getByRole('table', { name: 'Recent requests' });
  await expect(recent.getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('region', { name: 'Available' })).toContainText('49.76 Cr');
  await expect(page.getByRole('region', { name: 'Spend, last 30 days' })).toContainText('gpt-4 100 %');
  await expect(page.getByRole('table', { name: 'Credits spent on each of the last 30 days' }).getByRole('row')).toHaveCount(31);
  await tom.complete();
  await expect(recent.getByRole('row')).toHaveCount(3, { timeout: 10_000 });
  await expect(page.getByRole('region', { name: 'Available' })).toContainText('49.52 Cr');
  await expect(page.getByText('2 requests')).toBeVisible();
  await expectSound(page);
  await recent.getByRole('link').first().click();
  await expect(page).toHaveURL(/\/usage\?request=use_/u);
  await expect(page.getByRole('dialog')).toContainText('Request to gpt-4');
});

test('shows how the keys of a contributor do', async ({ page }) => {
  const bob = await Person.join('Bob at home', '5');
  await bob.deposit(`sk-home-${Date.now()}`, '100');
  const bad = await bob.deposit(`sk-home-bad-${Date.now()}`, '100');
  await bob.enter(page.context());
  await page.goto('/home');
  const keys = page.getByRole('region', { name: 'Your keys' });
  await expect(keys.getByText('2 serving')).toBeVisible();
  await (await Person.admin()).ask('mutation($id: ID!) { suspendResource(id: $id, reason: "looks stolen") { id } }', { id: bad });
  await expect(keys.getByText('1 suspended')).toBeVisible();
  await expect(keys.getByText('1 serving')).toBeVisible();
  await expectSound(page);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('shows what there is', async ({ page }) => {
    const tom = await Person.join('Tom at home in Chinese', '50');
    await tom.complete();
    await tom.enter(page.context());
    await page.goto('/home');
    await expect(page.getByRole('region', { name: '可用' })).toContainText('待释放');
    await expect(page.getByRole('region', { name: '近 30 天消费' })).toContainText('1 次请求');
    await expect(page.getByRole('table', { name: '最近请求' }).getByRole('row')).toHaveCount(2);
    await expectSound(page);
  });
});
