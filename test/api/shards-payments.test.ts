import { describe, expect, test } from 'vitest';
import { runScheduled } from '../../src/wiring/deps.ts';
import { type Api, useApi } from '../support/api.ts';
import { customerOfEach, rowsOf, type ShardCustomer } from '../support/shards.ts';
import { post, StripeSide } from '../support/stripe.ts';

const start = useApi({ shards: 2 });

/** An API in real time, because signatures and sessions have an age, its Stripe, and a customer on each shard. */
async function open() {
  const api = start({ SIGNUP_GRANT_MICRO_CREDITS: '0', SIGNUP_SHARDS: '0,1' });
  api.inRealTime = true;
  const stripe = new StripeSide(api.env.STRIPE_API_BASE_URL ?? '');
  await stripe.takeEvents();
  return { api, stripe, customers: await customerOfEach(api) };
}

async function checkout(api: Api, key: string): Promise<string> {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"microCredits":5000000}' };
  const { status, body } = await api.request('/v1/topups/checkout', { ...init, key });
  expect(status).toBe(200);
  // safe because the tests of top-ups check this shape
  return (body as { checkoutSession: { id: string } }).checkoutSession.id;
}

const available = async (api: Api, { key }: ShardCustomer) => (await api.balance(key)).available;
const alarms = (api: Api) => api.events.flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm]));
const only = (shard: number, count: number) => (shard === 0 ? [count, 0] : [0, count]);

describe('a top-up', () => {
  test('is credited once, in the shard of its order, however often its events come', async () => {
    const { api, stripe, customers } = await open();
    for (const customer of customers) {
      const session = await checkout(api, customer.key);
      expect(await rowsOf(api, 'payment', customer.accountId)).toEqual(only(customer.shard, 1));
      await stripe.buyer(session, 'pay');
      const events = await stripe.takeEvents();
      const first = await Promise.all([...events, ...events, ...events].map((event) => post(api, event)));
      expect(first.every(({ status }) => status === 200 || status === 503)).toBe(true);
      for (const event of events) expect((await post(api, event)).status).toBe(200);
      expect(await available(api, customer)).toBe(5_000_000);
      expect(await rowsOf(api, 'entry', customer.accountId)).toEqual(only(customer.shard, 1));
    }
    expect(alarms(api)).toEqual([]);
  });

  test('is taken back where it was credited: refunds, disputes, and what is given again', async () => {
    const { api, stripe, customers } = await open();
    for (const customer of customers) {
      const session = await checkout(api, customer.key);
      await stripe.buyer(session, 'pay');
      await stripe.deliver(api);
      await stripe.refund(session, 100);
      await stripe.deliver(api);
      expect(await available(api, customer)).toBe(4_000_000);
      await stripe.dispute(session);
      await stripe.deliver(api);
      expect(await available(api, customer)).toBe(0);
      await stripe.decide(session, 'won');
      await stripe.deliver(api);
      expect(await available(api, customer)).toBe(4_000_000);
    }
    expect(alarms(api)).toEqual([]);
  });

  test('is found by a refund whose event comes before that of the payment', async () => {
    const { api, stripe, customers } = await open();
    for (const customer of customers) {
      const session = await checkout(api, customer.key);
      await stripe.buyer(session, 'pay');
      await stripe.refund(session, 100);
      for (const event of (await stripe.takeEvents()).toReversed()) expect((await post(api, event)).status).toBe(200);
      expect(await available(api, customer)).toBe(4_000_000);
    }
    expect(alarms(api)).toEqual([]);
  });

  test('is shown and credited by the page that the buyer comes back to', async () => {
    const { api, stripe, customers } = await open();
    for (const customer of customers) {
      const session = await checkout(api, customer.key);
      const location = new URL((await stripe.buyer(session, 'pay')) ?? '');
      const page = await api.request(`${location.pathname}${location.search}`);
      expect([page.status, page.body]).toEqual([200, expect.stringContaining('+5,000,000 micro-credits')]);
      expect(await available(api, customer)).toBe(5_000_000);
    }
    expect((await api.request('/topups/return?session_id=cs_nobody')).status).toBe(404);
  });

  test('is credited by the cron of its shard when webhook and buyer stay away, and refunds as well', async () => {
    const { api, stripe, customers } = await open();
    const sessions = [];
    for (const { key } of customers) sessions.push(await checkout(api, key));
    for (const session of sessions) await stripe.buyer(session, 'pay');
    const lines: unknown[] = [];
    const cron = async (aheadMs: number) => {
      const clock = () => Date.now() + aheadMs;
      lines.length = 0;
      await runScheduled(api.env, { clock, ids: (prefix) => `${prefix}_cron`, fetch, log: (event) => lines.push(event) });
    };
    await cron(11 * 60_000);
    for (const customer of customers) expect(await available(api, customer)).toBe(5_000_000);
    expect(lines).toMatchObject([{ cron: { failed: 0 } }, { cron: { failed: 0 } }]);
    expect(new Set(lines.map((line) => (line as { shard?: number }).shard))).toEqual(new Set([undefined, 1]));
    for (const session of sessions) await stripe.refund(session, 100);
    await cron(7 * 3_600_000);
    for (const customer of customers) expect(await available(api, customer)).toBe(4_000_000);
  });
});

describe('a paid session that no order names', () => {
  async function foreign(stripe: StripeSide, metadata: Record<string, string>) {
    const price = { currency: 'usd', unit_amount: 200, product_data: { name: 'from elsewhere' } };
    const session = await stripe.seller.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ quantity: 1, price_data: price }],
      metadata,
      success_url: 'https://elsewhere.example',
    });
    await stripe.buyer(session.id, 'pay');
    return session.id;
  }

  test('is adopted once, in the shard that has the account, without an alarm', async () => {
    const { api, stripe, customers } = await open();
    for (const customer of customers) {
      const session = await foreign(stripe, { accountId: customer.accountId, microCredits: '2000000' });
      const events = await stripe.takeEvents();
      await Promise.all([...events, ...events].map((event) => post(api, event)));
      for (const event of events) expect((await post(api, event)).status).toBe(200);
      expect(await available(api, customer)).toBe(2_000_000);
      expect(await rowsOf(api, 'payment', customer.accountId)).toEqual(only(customer.shard, 1));
      await stripe.refund(session, 100);
      await stripe.deliver(api);
      expect(await available(api, customer)).toBe(1_000_000);
    }
    expect(alarms(api)).toEqual([]);
  });

  test('raises an alarm where no shard has the account, and is not adopted while one of them cannot be asked', async () => {
    const { api, stripe, customers } = await open();
    await foreign(stripe, { accountId: 'acct_nobody', microCredits: '2000000' });
    const events = (await stripe.takeEvents()).filter(({ type }) => type === 'checkout.session.completed');
    api.unreachable.add(api.shards[1]?.url ?? '');
    for (const event of events) expect((await post(api, event)).status).toBe(503);
    expect(alarms(api)).toEqual([]);
    api.unreachable.clear();
    for (const event of events) expect((await post(api, event)).status).toBe(200);
    expect(new Set(alarms(api))).toEqual(new Set(['top_up_unknown_order']));
    for (const customer of customers) expect(await available(api, customer)).toBe(0);
  });
});

describe('while the database of one shard is down', () => {
  test('the return page and, at home, the webhook still credit in the other', async () => {
    const { api, stripe, customers } = await open();
    for (const customer of customers) {
      const session = await checkout(api, customer.key);
      const location = new URL((await stripe.buyer(session, 'pay')) ?? '');
      api.unreachable.add(api.shards[1 - customer.shard]?.url ?? '');
      const statuses =
        customer.shard === 0 ? await stripe.deliver(api) : [(await api.request(`${location.pathname}${location.search}`)).status];
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(await available(api, customer)).toBe(5_000_000);
      api.unreachable.clear();
    }
  });

  test('a top-up of its own is credited once it is back: Stripe is told to send again', async () => {
    const { api, stripe, customers } = await open();
    for (const customer of customers) {
      const session = await checkout(api, customer.key);
      await stripe.buyer(session, 'pay');
      const [event] = (await stripe.takeEvents()).filter(({ type }) => type === 'checkout.session.completed');
      if (event === undefined) throw new Error('the session was not completed');
      api.unreachable.add(api.shards[customer.shard]?.url ?? '');
      expect((await post(api, event)).status).toBe(503);
      expect((await api.request(`/topups/return?session_id=${session}`)).status).toBe(503);
      api.unreachable.clear();
      expect((await post(api, event)).status).toBe(200);
      expect(await available(api, customer)).toBe(5_000_000);
    }
  });
});
