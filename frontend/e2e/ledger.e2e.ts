import { readFile } from 'node:fs/promises';

import type { CDPSession, Page, WebSocketRoute } from '@playwright/test';

import { expect, test } from './page.ts';
import { Person } from './people.ts';
import { expectSound } from './sights.ts';

const rows = (page: Page) => page.locator('tr[data-seq]');
const places = (page: Page) => rows(page).evaluateAll((all) => all.map((row) => Number((row as HTMLElement).dataset['seq'])).toSorted((a, b) => b - a));

/** Opens the live ledger as the admin, and waits until it is live. */
async function watch(page: Page, search = '') {
  await (await Person.admin()).enter(page.context());
  await page.goto(`/admin/ledger${search}`);
  await expect(page.getByText('● live')).toBeVisible();
}

/** Expects every place from the top on, each once. */
async function expectWhole(page: Page, atLeast: number) {
  const found = await places(page);
  expect(found.length).toBeGreaterThanOrEqual(atLeast);
  expect(found).toEqual(found.map((_, n) => (found[0] ?? 0) - n));
}

test('shows what somebody spends in another browser within a second', async ({ page, browser, baseURL }) => {
  const tom = await Person.join('Tom at the ledger', '50');
  await watch(page);
  await expect(rows(page).filter({ hasText: 'Tom at the ledger' }).filter({ hasText: 'Grant' })).toBeVisible();
  const other = await browser.newContext();
  await tom.enter(other);
  const spending = await other.newPage();
  await spending.goto(`${baseURL}/usage`);
  await spending.evaluate(async () => {
    const query = 'mutation { complete(input: { model: "gpt-4", messages: [{ role: USER, content: "Write an article" }], maxTokens: 100 }) { creditsCharged } }';
    await fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
  });
  const answered = Date.now();
  const row = rows(page).filter({ hasText: 'Tom at the ledger' }).filter({ hasText: 'gpt-4' });
  await expect(row).toBeVisible({ timeout: 1000 });
  test.info().annotations.push({ type: 'after the answer', description: `${Date.now() - answered} ms` });
  await expect(row).toContainText('Platform');
  await expect(row).toContainText('0.24 Cr');
  await other.close();
});

test('goes on without a gap or a repeat when the connection is cut', async ({ page }) => {
  const tom = await Person.join('Tom in a storm', '50');
  let cut = false;
  const sockets: { readonly page: WebSocketRoute; readonly server: WebSocketRoute }[] = [];
  await page.routeWebSocket('**/graphql', (socket) => {
    if (cut) {
      void socket.close({ code: 3008 });
    } else {
      sockets.push({ page: socket, server: socket.connectToServer() });
    }
  });
  await watch(page);
  await tom.complete();
  const mine = rows(page).filter({ hasText: 'Tom in a storm' }).filter({ hasText: 'gpt-4' });
  await expect(mine).toHaveCount(1);
  cut = true;
  await Promise.all(sockets.flatMap(({ page: ours, server }) => [ours.close({ code: 3008 }), server.close({ code: 1000 })]));
  await expect(page.getByText('reconnecting, nothing is lost')).toBeVisible();
  for (let n = 0; n < 3; n += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await tom.complete();
  }
  await expect(mine).toHaveCount(1);
  cut = false;
  await expect(page.getByText('● live')).toBeVisible({ timeout: 20_000 });
  await expect(mine).toHaveCount(4);
  await tom.complete();
  await expect(mine).toHaveCount(5);
  await expectWhole(page, 5);
});

test('goes on when the network goes away and comes back', async ({ page, context, troubles }) => {
  const tom = await Person.join('Tom in a tunnel', '50');
  await watch(page);
  await context.setOffline(true);
  await expect(page.getByText('offline, nothing is lost')).toBeVisible();
  await tom.complete();
  await context.setOffline(false);
  await expect(page.getByText('● live')).toBeVisible({ timeout: 20_000 });
  await expect(rows(page).filter({ hasText: 'Tom in a tunnel' }).filter({ hasText: 'gpt-4' })).toHaveCount(1, { timeout: 20_000 });
  await expectWhole(page, 2);
  troubles.splice(0, troubles.length, ...troubles.filter((told) => !/ERR_INTERNET_DISCONNECTED|WebSocket connection/u.test(told)));
});

test('waits while somebody looks, and loses no row', async ({ page }) => {
  const tom = await Person.join('Tom while you look', '50');
  await watch(page);
  await rows(page).first().hover();
  await tom.complete();
  await tom.complete();
  const news = page.getByRole('button', { name: '2 new: show them' });
  await expect(news).toBeVisible();
  const mine = rows(page).filter({ hasText: 'Tom while you look' }).filter({ hasText: 'gpt-4' });
  await expect(mine).toHaveCount(0);
  await news.click();
  await expect(mine).toHaveCount(2);
  await expectWhole(page, 3);
});

test('is narrowed by its address, walked by keys, opened and taken away', async ({ page }) => {
  test.slow();
  const tom = await Person.join('Tom by keys', '50');
  await tom.complete();
  await watch(page);
  await page.getByRole('combobox', { name: 'Kind' }).click();
  await page.getByRole('option', { name: 'Request', exact: true }).click();
  await expect(page).toHaveURL(/kind=USAGE/u);
  await page.getByRole('combobox', { name: 'Person' }).fill('Tom by k');
  await page.getByRole('option', { name: /Tom by keys/u }).first().click();
  await expect(page).toHaveURL(new RegExp(`person=${tom.id}`, 'u'));
  await expect(rows(page)).toHaveCount(1);
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByRole('combobox', { name: 'Person' })).toHaveValue('Tom by keys');

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  const text = await readFile(await (await download).path(), 'utf8');
  expect(text.split('\r\n')).toHaveLength(3);
  expect(text).toContain(',USAGE,Tom by keys,');

  await page.keyboard.press('j');
  await expect(rows(page).first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/row=txn_/u);
  const drawer = page.getByRole('dialog');
  await expect(drawer.getByText('balanced', { exact: true })).toHaveCount(2);
  await expect(drawer.getByText(/fits transaction/u).first()).toBeVisible();
  await expect(drawer.getByText('chosen')).toBeVisible();
  await expectSound(page);
  const title = await drawer.getByRole('heading', { level: 2 }).textContent();
  await drawer.getByRole('button', { name: /, before this/u }).click();
  await expect(drawer.getByRole('heading', { level: 2 })).not.toHaveText(title ?? '');
  await page.goBack();
  await expect(drawer.getByRole('heading', { level: 2 })).toHaveText(title ?? '');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await page.getByRole('textbox', { name: 'At least, Credits' }).fill('1000');
  await expect(page.getByText('No row matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(rows(page).nth(1)).toBeVisible();
});

test('can be used by everybody, on a screen and a phone', async ({ page }) => {
  test.slow();
  await (await Person.join('Tom for a look', '50')).complete();
  await watch(page);
  await expect(rows(page).nth(1)).toBeVisible();
  await expectSound(page);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });
  test('shows and opens a row', async ({ page }) => {
    const tom = await Person.join('Tom 汤姆 A', '50');
    await tom.complete();
    await (await Person.admin()).enter(page.context());
    await page.goto('/admin/ledger');
    await expect(page.getByRole('heading', { name: '实时账本' })).toBeVisible();
    const row = rows(page).filter({ hasText: '汤姆' }).filter({ hasText: 'gpt-4' });
    await row.click();
    const drawer = page.getByRole('dialog');
    await expect(drawer.getByText('借贷平衡')).toHaveCount(2);
    await expect(drawer.getByRole('heading', { name: '为什么是这把密钥' })).toBeVisible();
  });
});

test('scrolls through ten thousand rows', async ({ page }) => {
  test.slow();
  let feed: { readonly socket: WebSocketRoute; readonly id: string } | undefined;
  await page.routeWebSocket('**/graphql', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { type, id, payload } = JSON.parse(String(message)) as { type: string; id: string; payload?: { query?: string } };
      if (type === 'subscribe' && payload?.query?.includes('transactionFeed') === true) {
        feed = { socket, id };
      }
      server.send(message);
    });
  });
  await watch(page);
  await expect.poll(() => feed).toBeDefined();
  const first = (await places(page))[0] ?? 0;
  const at = new Date().toISOString();
  for (let n = 1; n <= 10_000; n += 1) {
    feed?.socket.send(JSON.stringify({ id: feed.id, type: 'next', payload: { data: { transactionFeed: made(first + n, at) } } }));
  }
  await expect(rows(page).first()).toHaveAttribute('data-seq', String(first + 10_000), { timeout: 60_000 });
  await expect(page.getByRole('table', { name: /Transactions/u })).toHaveAttribute('aria-rowcount', '10001');
  expect(await rows(page).count()).toBeLessThan(80);
  // What the machine manages without scrolling is measured too, and the time that the page itself works in a frame.
  const still = await frames(page, 0);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await worked(cdp);
  const moving = await frames(page, 120);
  const work = ((await worked(cdp)) - before) / moving.length;
  const told = `standing ${spread(still)}; scrolling ${spread(moving)}; work ${(work * 1000).toFixed(1)} ms a frame`;
  test.info().annotations.push({ type: 'frames', description: told });
  process.stdout.write(`    frames: ${told}\n`);
  await page.locator('table').locator('..').evaluate((scroller) => scroller.scrollTo({ top: 5000 * 36 }));
  await expect(page.locator(`tr[data-seq="${first + 5000}"]`)).toBeAttached();
});

/** How long each of some frames took while scrolling by so much in each, sorted. */
const frames = (page: Page, by: number) =>
  page.evaluate(async (step) => {
    const scroller = document.querySelector('table')?.parentElement;
    const times: number[] = [];
    let last = performance.now();
    for (let n = 0; n < 180; n += 1) {
      // oxlint-disable-next-line no-await-in-loop -- frame by frame
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - last);
      last = now;
      scroller?.scrollBy({ top: step });
    }
    return times.slice(5).toSorted((a, b) => a - b);
  }, by);

const spread = (times: readonly number[]) => {
  const part = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(0);
  return `half within ${part(0.5)} ms, 95 % within ${part(0.95)} ms`;
};

async function worked(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
}

function made(seq: number, createdAt: string) {
  const use = {
    __typename: 'PoolUsageLog', id: `use_made_${seq}`, status: 'SUCCEEDED', model: 'gpt-4', promptTokens: seq, completionTokens: 100, costAmount: '0.05', creditsCharged: '10', routingReason: 'lowest_cost',
    user: { __typename: 'User', id: 'usr_made', displayName: 'Made up' }, resourceOwner: null,
    resource: { __typename: 'PoolResource', id: 'res_made', label: 'Made up', maskedKey: 'sk-…made', ownerType: 'PLATFORM' },
  };
  const postings = [['wallet:usr_made', 'CREDIT', '-10'], ['platform.revenue', 'CREDIT', '10'], ['resource:res_made', 'USD', '-0.05'], ['provider.spent', 'USD', '0.05']];
  return {
    __typename: 'TransactionEvent', cursor: `made ${seq}`, usage: use,
    transaction: { __typename: 'LedgerTransaction', id: `txn_${seq}`, seq: String(seq), kind: 'USAGE', createdAt, memo: 'gpt-4', postings: postings.map(([account, asset, amount]) => ({ __typename: 'Posting', account, asset, amount })) },
  };
}
