import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakes, type Fakes } from '../../local/fakes/fakes.ts';
import { parseForm } from '../../local/fakes/stripe/form.ts';

let fakes: Fakes;
let stripe: Stripe;
beforeAll(async () => {
  const started = await startFakes({});
  if (!started.ok) throw new Error(started.error);
  fakes = started.value;
  const { hostname, port } = new URL(fakes.baseUrls.stripe);
  stripe = new Stripe('sk_test_1', { host: hostname, port: Number(port), protocol: 'http', telemetry: false, maxNetworkRetries: 0 });
});
afterAll(() => fakes.stop());

const wanted = (cents = 500): Stripe.Checkout.SessionCreateParams => ({
  mode: 'payment',
  success_url: 'https://shop.example/done?session_id={CHECKOUT_SESSION_ID}',
  line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: cents, product_data: { name: 'credit' } } }],
});

describe("the fake for Stripe, through Stripe's own library", () => {
  test('reads brackets as Stripe does', () => {
    expect(parseForm('a=1&b[c]=2&d[0][e][f]=x%20y&d[1]=z')).toEqual({ a: '1', b: { c: '2' }, d: { 0: { e: { f: 'x y' } }, 1: 'z' } });
  });

  test('takes a payment, sends the buyer back, and refunds no more than was paid', async () => {
    const session = await stripe.checkout.sessions.create(wanted());
    const page = await (await fetch(session.url ?? '')).text();
    expect(page).toContain('Pay 5.00 USD');
    const paid = await fetch(`${session.url}/pay`, { method: 'POST', redirect: 'manual' });
    expect(paid.headers.get('Location')).toBe(`https://shop.example/done?session_id=${session.id}`);
    const after = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
    expect(after).toMatchObject({ status: 'complete', payment_status: 'paid', amount_total: 500, payment_intent: { status: 'succeeded' } });
    const intent = (after.payment_intent as Stripe.PaymentIntent).id;
    await stripe.refunds.create({ payment_intent: intent, amount: 200 });
    await expect(stripe.refunds.create({ payment_intent: intent, amount: 301 })).rejects.toMatchObject({ statusCode: 400 });
    await stripe.refunds.create({ payment_intent: intent });
    await expect(stripe.refunds.create({ payment_intent: intent })).rejects.toMatchObject({ code: 'charge_already_refunded' });
    const refunds = await stripe.refunds.list({ payment_intent: intent, limit: 1 }).autoPagingToArray({ limit: 10 });
    expect(refunds.map((refund) => refund.amount)).toEqual([300, 200]);
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  test('lists sessions newest first, by status and time, page by page, and refuses a place that it does not know', async () => {
    const made: string[] = [];
    for (const way of ['pay', 'expire', 'pay', 'pay']) {
      const session = await stripe.checkout.sessions.create(wanted());
      await fetch(`${session.url}/${way}`, { method: 'POST', redirect: 'manual' });
      made.push(session.id);
    }
    const since = Math.floor(Date.now() / 1_000) - 60;
    const complete = { status: 'complete', created: { gte: since }, limit: 1 } as const;
    const listed = await stripe.checkout.sessions.list(complete).autoPagingToArray({ limit: 3 });
    expect(listed.map(({ id }) => id)).toEqual([made[3], made[2], made[0]]);
    expect((await stripe.checkout.sessions.list({ status: 'expired', limit: 1 })).data[0]?.id).toBe(made[1]);
    expect((await stripe.checkout.sessions.list({ created: { gte: since + 3_600 } })).data).toEqual([]);
    await expect(stripe.checkout.sessions.list({ starting_after: 'cs_test_nobody' })).rejects.toMatchObject({ code: 'resource_missing' });
  });

  test('answers an idempotency key as before, and refuses it for other parameters', async () => {
    const options = { idempotencyKey: 'once' };
    const first = await stripe.checkout.sessions.create(wanted(), options);
    expect((await stripe.checkout.sessions.create(wanted(), options)).id).toBe(first.id);
    await expect(stripe.checkout.sessions.create(wanted(600), options)).rejects.toMatchObject({ type: 'StripeIdempotencyError' });
  });

  test('refuses what Stripe would: the removed parameter, small amounts, short lives, no key, unknown ids', async () => {
    const removed = { ...wanted(), payment_method_types: ['card'] } as Stripe.Checkout.SessionCreateParams; // safe because the point is that it isn't one
    await expect(stripe.checkout.sessions.create(removed)).rejects.toMatchObject({ param: 'payment_method_types' });
    await expect(stripe.checkout.sessions.create(wanted(49))).rejects.toMatchObject({ statusCode: 400 });
    const soon = Math.floor(Date.now() / 1_000) + 60;
    await expect(stripe.checkout.sessions.create({ ...wanted(), expires_at: soon })).rejects.toMatchObject({ param: 'expires_at' });
    await expect(stripe.checkout.sessions.retrieve('cs_test_nobody')).rejects.toMatchObject({ statusCode: 404, code: 'resource_missing' });
    expect((await fetch(`${fakes.baseUrls.stripe}/v1/refunds`)).status).toBe(401);
  });

  test('signs events so that the library takes them', async () => {
    await stripe.checkout.sessions.expire((await stripe.checkout.sessions.create(wanted())).id);
    // safe because the fake is this project's own
    const events = (await (await fetch(`${fakes.baseUrls.stripe}/__webhooks`)).json()) as {
      type: string;
      body: string;
      signature: string;
    }[];
    const event = events.at(-1);
    expect(event?.type).toBe('checkout.session.expired');
    const read = await stripe.webhooks.constructEventAsync(event?.body ?? '', event?.signature ?? '', 'whsec_local_fake');
    expect(read.type).toBe('checkout.session.expired');
  });
});
