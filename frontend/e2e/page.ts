import { test as base, expect } from '@playwright/test';

/**
 * A page of the started program. A test fails when the page logs an error, a breach of the content security policy for
 * one, or asks any other server for anything.
 */
export const test = base.extend<{ troubles: string[] }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the needed fixtures off the pattern
  baseURL: async ({}, use) => {
    const url = process.env['POOL_E2E_URL'];
    if (url === undefined) {
      throw new Error('POOL_E2E_URL is not set');
    }
    await use(url);
  },
  troubles: [
    async ({ page, baseURL }, use) => {
      const troubles: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') {
          troubles.push(message.text());
        }
      });
      page.on('pageerror', (error) => troubles.push(error.message));
      page.on('request', (request) => {
        const url = new URL(request.url());
        if (url.protocol.startsWith('http') && url.origin !== baseURL) {
          troubles.push(`a request to ${url.origin}`);
        }
      });
      await use(troubles);
      expect(troubles).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
