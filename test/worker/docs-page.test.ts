import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, startBrowser } from '../support/browser.ts';
import { useWorker } from '../support/worker.ts';

describe.skipIf(browserPath === null)('the documentation in a browser', () => {
  const worker = useWorker();
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  /** Opens a page and notes every request to another origin and every error on it. */
  async function open(path: string) {
    const page = await (browser ?? (await startBrowser())).newPage();
    const elsewhere: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(worker().url) && !request.url().startsWith('data:')) elsewhere.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${worker().url}${path}`);
    return { page, elsewhere, errors };
  }

  test('shows every operation, from this origin alone and within its policy', async () => {
    const { page, elsewhere, errors } = await open('/docs');
    await page.getByText('Read a public post', { exact: true }).waitFor();
    for (const path of ['/v1/post', '/v1/signup', '/v1/me', '/v1/pricing', '/health', '/ready', '/version']) {
      expect(await page.locator(`[data-path="${path}"]`).count(), path).toBeGreaterThan(0);
    }
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('lets a reader try an endpoint', async () => {
    const { page } = await open('/docs');
    await page.getByText('Check that the service is running', { exact: true }).click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.locator('.live-responses-table').waitFor();
    expect(await page.locator('.live-responses-table').textContent()).toContain('igskill.md');
  });

  test('leads to the section of an error', async () => {
    const { page, elsewhere, errors } = await open('/docs/errors#insufficient_credits');
    expect(await page.locator('section#insufficient_credits h2').textContent()).toContain('402');
    expect(await page.locator('section#insufficient_credits code').first().textContent()).toBe('details.shortfallMicroCredits');
    expect(await page.locator('body').textContent()).not.toContain('`');
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  });
});
