import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { auditLedger } from '../../src/billing/audit/full-audit.ts';
import { usageOf } from '../support/answers.ts';
import { browserPath, startBrowser } from '../support/browser.ts';
import { balanceOf, signUp, useWorker } from '../support/worker.ts';

const worker = useWorker({ SIGNUP_GRANT_MICRO_CREDITS: '0' });

/** A call of the API with a key, as an agent would make it. */
async function call(path: string, key: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${worker().url}${path}`, {
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** Does what the 402 of a read says, and returns the page to pay on. */
async function wayToPay(key: string): Promise<string> {
  const refused = await call('/v1/post?url=DemoImage01', key);
  expect(refused).toMatchObject({ status: 402, body: { error: { code: 'insufficient_credits' } } });
  // safe because the line above proved that it is this error
  const { topUp } = (refused.body as { error: { details: { topUp: { path: string; body: object } } } }).error.details;
  const checkout = await call(topUp.path, key, topUp.body);
  expect(checkout).toMatchObject({ status: 200, body: { microCredits: 500_000 } });
  // safe because the API's own tests check this shape
  return (checkout.body as { checkoutSession: { url: string } }).checkoutSession.url;
}

describe.skipIf(browserPath === null)('topping up in a browser', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  test('goes from a signup over a 402 and the checkout to a read and its receipt; a refund takes the credit back in the ledger', async () => {
    const { url, fakes, database } = worker();
    const { key } = await signUp(url);
    const page = await (browser ?? (await startBrowser())).newPage();
    const errors: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    page.on('pageerror', (error) => errors.push(error.message));

    await page.goto(await wayToPay(key));
    await page.getByRole('button', { name: 'Pay 0.50 USD' }).click();
    await page.waitForURL(`${url}/topups/return?session_id=*`);
    expect(await page.locator('#state').textContent()).toBe('paid');
    expect(await page.locator('#change').textContent()).toBe('+500,000 micro-credits ($0.50)');
    expect(await page.content()).not.toContain(key);
    expect(await balanceOf(url, key)).toEqual({ available: 500_000, held: 0 });

    const read = await call('/v1/post?url=DemoImage01', key);
    expect(read).toMatchObject({ status: 200, body: { usage: { settledMicroCredits: 3_000, balanceMicroCredits: 497_000 } } });
    expect(await balanceOf(url, key)).toEqual({ available: 497_000, held: 0 });
    const { receiptId } = usageOf({ ...read, headers: new Headers() });
    expect((await call(`/v1/usage/${receiptId}`, key)).body).toMatchObject({
      requestId: receiptId,
      state: 'settled',
      endpoint: '/v1/post',
      settledMicroCredits: 3_000,
      lines: [{ item: 'media', reservedMicroCredits: 3_000, settledMicroCredits: 3_000, refundedMicroCredits: 0 }],
    });

    await page.goto(`${fakes.baseUrls.stripe}/dashboard`);
    await page.getByRole('button', { name: 'Refund' }).first().click();
    await page.getByText('Refund 0.50 USD: succeeded').waitFor();
    await vi.waitUntil(async () => (await balanceOf(url, key)).available < 0, { timeout: 10_000, interval: 100 });
    expect((await call('/v1/me', key)).body).toMatchObject({ balance: { availableMicroCredits: -3_000, debtMicroCredits: 3_000 } });
    const topUps = await call('/v1/topups', key);
    expect(topUps.body).toMatchObject({
      items: [{ status: 'refunded', microCredits: 500_000, creditedMicroCredits: 0, checkoutUrl: null }],
      nextCursor: null,
    });
    // safe because the line above proved that there is one
    const { id } = (topUps.body as { items: { id: string }[] }).items[0] ?? { id: 'none' };
    expect(await call('/v1/ledger', key)).toMatchObject({
      status: 200,
      body: {
        items: [
          {
            seq: 3,
            kind: 'clawback',
            ref: expect.stringMatching(new RegExp(`^${id}#\\d+$`)),
            deltaMicroCredits: -500_000,
            balanceAfterMicroCredits: -3_000,
          },
          { seq: 2, kind: 'usage', ref: receiptId, deltaMicroCredits: -3_000, balanceAfterMicroCredits: 497_000 },
          { seq: 1, kind: 'topup', ref: id, deltaMicroCredits: 500_000, balanceAfterMicroCredits: 500_000 },
        ],
        nextCursor: null,
      },
    });
    expect((await call('/v1/post?url=DemoImage01', key)).status).toBe(402);
    expect(errors).toEqual([]);
    const audit = Object.values(await auditLedger(database));
    expect([audit.length > 0, audit.every((broken) => broken === 0)]).toEqual([true, true]);
  });

  test('shows a declined card on the page, and that nothing was paid to who turns back', async () => {
    const { url } = worker();
    const { key } = await signUp(url);
    const page = await (browser ?? (await startBrowser())).newPage();
    await page.goto(await wayToPay(key));
    await page.getByRole('button', { name: 'declined' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('Your card was declined.');
    await page.getByRole('link', { name: 'Back without paying' }).click();
    await page.getByRole('heading', { name: 'Top-up cancelled' }).waitFor();
    expect(await balanceOf(url, key)).toEqual({ available: 0, held: 0 });
  });
});

describe('webhooks over the network', () => {
  async function control(path: string, body: object): Promise<void> {
    await fetch(`${worker().fakes.baseUrls.stripe}${path}`, { method: 'POST', body: JSON.stringify(body) });
  }

  async function pay(checkoutUrl: string): Promise<void> {
    await fetch(`${checkoutUrl}/pay`, { method: 'POST', redirect: 'manual' });
  }

  test('credit once when they come three times at the same moment', async () => {
    const { url } = worker();
    const { key } = await signUp(url);
    await control('/__webhooks', { copies: 3 });
    await pay(await wayToPay(key));
    await vi.waitUntil(async () => (await balanceOf(url, key)).available > 0, { timeout: 10_000, interval: 50 });
    await control('/__webhooks', {});
    expect(await balanceOf(url, key)).toEqual({ available: 500_000, held: 0 });
  });

  test('credit when they were held back and then come in reverse', async () => {
    const { url } = worker();
    const { key } = await signUp(url);
    await control('/__webhooks', { mode: 'hold' });
    await pay(await wayToPay(key));
    expect(await balanceOf(url, key)).toEqual({ available: 0, held: 0 });
    await control('/__webhooks', {});
    await control('/__webhooks/release', { reverse: true });
    await vi.waitUntil(async () => (await balanceOf(url, key)).available > 0, { timeout: 10_000, interval: 50 });
    expect(await balanceOf(url, key)).toEqual({ available: 500_000, held: 0 });
  });

  test('are not needed: the cron finds what was paid when they are dropped', async () => {
    const { url, database } = worker();
    const { key, accountId } = await signUp(url);
    await control('/__webhooks', { mode: 'drop' });
    await pay(await wayToPay(key));
    await control('/__webhooks', {});
    // As if ten minutes had passed.
    await database.execute({ sql: 'UPDATE checkout SET next_check_at = 1 WHERE account_id = ?', args: [accountId] });
    expect((await fetch(`${url}/cdn-cgi/handler/scheduled`)).status).toBe(200);
    await vi.waitUntil(async () => (await balanceOf(url, key)).available > 0, { timeout: 10_000, interval: 100 });
    expect(await balanceOf(url, key)).toEqual({ available: 500_000, held: 0 });
  });
});
