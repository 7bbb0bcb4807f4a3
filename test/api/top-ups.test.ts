import { describe, expect, test } from 'vitest';
import { RATE_LIMITS } from '../../src/limits/policies.ts';
import { runScheduled } from '../../src/wiring/deps.ts';
import { OPERATOR_KEY, type Api, useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';
import { Stripe } from 'stripe';
import { FAKE_WEBHOOK_SECRET } from '../../local/fakes/stripe.ts';
import { post, StripeSide } from '../support/stripe.ts';

/** How long an order that was just checked is shown as it was. */
const CHECKED_RECENTLY_MS = 5_000;

const start = useApi();

/** An API in real time, because signatures and sessions have an age, and its Stripe. */
function open(settings: Parameters<typeof start>[0] = {}) {
  const api = start({ SIGNUP_GRANT_MICRO_CREDITS: '0', ...settings });
  api.inRealTime = true;
  const stripe = new StripeSide(api.env.STRIPE_API_BASE_URL ?? '');
  return { api, stripe };
}

type Checkout = { checkoutSession: { id: string; url: string }; microCredits: number; topUpId: string; status: string; expiresAt: string };

async function checkout(api: Api, key: string, body: unknown = { microCredits: 5_000_000 }, idempotencyKey?: string) {
  const headers = { 'Content-Type': 'application/json', ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }) };
  const answer = await api.request('/v1/topups/checkout', { method: 'POST', key, headers, body: JSON.stringify(body) });
  // safe because the first test below checks this shape
  return { ...answer, session: (answer.body as Checkout).checkoutSession, topUp: answer.body as Checkout };
}

/** Makes an account's orders and their keys older. */
async function age(api: Api, accountId: string, minutes: number): Promise<void> {
  const args = [minutes * 60_000, accountId];
  await api.database.execute({ sql: 'UPDATE checkout_key SET created_at = created_at - ? WHERE account_id = ?', args });
  await api.database.execute({ sql: 'UPDATE checkout SET expires_at = expires_at - ? WHERE account_id = ?', args });
}

/** A customer whose top-up of US$5 has been paid and delivered. */
async function paidCustomer() {
  const { api, stripe } = open();
  await stripe.takeEvents();
  const customer = await api.signUp();
  const { session } = await checkout(api, customer.key);
  await stripe.buyer(session.id, 'pay');
  await stripe.deliver(api);
  return { api, stripe, session, ...customer };
}

async function me(api: Api, key: string) {
  const { body } = await api.request('/v1/me', { key });
  // safe because the tests of /v1/me check this shape
  return (body as { balance: { availableMicroCredits: number; debtMicroCredits: number } }).balance;
}

async function orders(api: Api, key: string) {
  const { body } = await api.request('/v1/topups', { key });
  // safe because a test below checks this shape
  return (body as { items: { id: string; status: string; creditedMicroCredits: number }[]; nextCursor: string | null }).items;
}

/** A session made by somebody else with our account at Stripe, as the contract's lightweight boundary allows. */
async function foreign(stripe: StripeSide, metadata: Record<string, string>, cents = 200) {
  const { id } = await stripe.seller.checkout.sessions.create({
    mode: 'payment',
    success_url: 'https://elsewhere.example/',
    metadata,
    line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: cents, product_data: { name: 'credit' } } }],
  });
  await stripe.buyer(id, 'pay');
  return id;
}

describe('POST /v1/topups/checkout', () => {
  test("answers exactly the contract's shape, from a session that Stripe knows", async () => {
    const { api, stripe } = open();
    const { key, accountId } = await api.signUp();
    const answer = await checkout(api, key, { microCredits: 1_000_000 });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      checkoutSession: { id: expect.stringMatching(/^cs_/), url: expect.stringMatching(/^http/) },
      microCredits: 1_000_000,
      topUpId: expect.stringMatching(/^pay_/),
      status: 'open',
      expiresAt: expect.stringMatching(/Z$/),
    });
    const session = await stripe.seller.checkout.sessions.retrieve(answer.session.id);
    expect(session).toMatchObject({
      mode: 'payment',
      amount_subtotal: 100,
      currency: 'usd',
      allowed_payment_method_types: ['card'],
      metadata: { accountId, microCredits: '1000000', order: expect.stringMatching(/^pay_/) },
      client_reference_id: session.metadata?.['order'],
      success_url: expect.stringContaining('/topups/return?session_id={CHECKOUT_SESSION_ID}'),
    });
    await stripe.buyer(session.id, 'pay');
    const intent = await stripe.seller.paymentIntents.retrieve(await stripe.intentOf(session.id));
    expect(intent.metadata).toEqual(session.metadata);
  });

  test.each([
    ['less than fifty cents', { microCredits: 490_000 }],
    ['a fraction of a cent', { microCredits: 1_000_001 }],
    ['more than US$5,000', { microCredits: 5_000_010_000 }],
    ['nothing', { microCredits: 0 }],
    ['less than nothing', { microCredits: -1_000_000 }],
    ['half a micro-credit', { microCredits: 1_000_000.5 }],
    ['a text', { microCredits: '1000000' }],
    ['no amount', {}],
    ['a price of its own', { microCredits: 1_000_000, amountCents: 1 }],
  ])('refuses %s with a clear 400 and makes no order', async (_what, body) => {
    const { api } = open();
    const { key } = await api.signUp();
    const answer = await checkout(api, key, body);
    expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid_request']);
    expect(await orders(api, key)).toEqual([]);
  });

  test('needs the scope billing, as do the lists of top-ups', async () => {
    const { api } = open();
    const { key } = await api.signUp();
    const mint = async (scopes: string[]) => {
      const headers = { 'Content-Type': 'application/json' };
      const minted = await api.request('/v1/keys', { method: 'POST', key, headers, body: JSON.stringify({ name: 'helper', scopes }) });
      // safe because the tests of the keys check this shape
      return (minted.body as { apiKey: string }).apiKey;
    };
    const reader = await mint(['read', 'keys', 'account']);
    const refused = [
      await checkout(api, reader),
      await api.request('/v1/topups', { key: reader }),
      await api.request('/v1/topups/pay_x', { key: reader }),
    ];
    for (const answer of refused) {
      expect([answer.status, errorOf(answer).details]).toEqual([403, { reason: 'scope_missing', scope: 'billing' }]);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
    }
    expect((await checkout(api, await mint(['billing']))).status).toBe(200);
  });

  test('needs a customer key: none is 401, the owner is 403', async () => {
    const { api } = open();
    const body = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"microCredits":1000000}' };
    expect((await api.request('/v1/topups/checkout', body)).status).toBe(401);
    const owner = await api.request('/v1/topups/checkout', { ...body, key: OPERATOR_KEY });
    expect([owner.status, errorOf(owner).code]).toEqual([403, 'forbidden']);
  });

  test('answers the same key and body with the same session, and another body with 422', async () => {
    const { api } = open();
    const { key } = await api.signUp();
    const first = await checkout(api, key, { microCredits: 1_000_000 }, 'order-1');
    const again = await checkout(api, key, { microCredits: 1_000_000 }, 'order-1');
    expect(again.body).toEqual(first.body);
    expect([first.headers.get('Idempotency-Replayed'), again.headers.get('Idempotency-Replayed')]).toEqual([null, 'true']);
    expect(await orders(api, key)).toHaveLength(1);
    const other = await checkout(api, key, { microCredits: 2_000_000 }, 'order-1');
    expect([other.status, errorOf(other).code]).toEqual([422, 'idempotency_mismatch']);
    const stranger = await api.signUp();
    expect((await checkout(api, stranger.key, { microCredits: 2_000_000 }, 'order-1')).status).toBe(200);
    const malformed = await checkout(api, key, { microCredits: 1_000_000 }, 'with a space');
    expect([malformed.status, errorOf(malformed).code]).toEqual([400, 'invalid_request']);
  });

  test('reads the Idempotency-Key as every route does: quoted or bare it is one key, and a malformed one is refused', async () => {
    const { api } = open();
    const { key } = await api.signUp();
    const first = await checkout(api, key, { microCredits: 1_000_000 }, 'k-1');
    const quoted = await checkout(api, key, { microCredits: 1_000_000 }, '"k-1"');
    expect([quoted.body, quoted.headers.get('Idempotency-Replayed')]).toEqual([first.body, 'true']);
    expect(await orders(api, key)).toHaveLength(1);
    for (const malformed of ['""', '"abc', 'with a space', 'x'.repeat(256)]) {
      const answers = [
        await checkout(api, key, { microCredits: 1_000_000 }, malformed),
        await api.request('/v1/post?url=DemoImage01', { key, headers: { 'Idempotency-Key': malformed } }),
        await api.request('/v1/keys', {
          method: 'POST',
          key,
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': malformed },
          body: JSON.stringify({ name: 'helper' }),
        }),
      ].map((answer) => ({ status: answer.status, ...errorOf(answer), requestId: '' }));
      expect(answers[0]).toMatchObject({ status: 400, code: 'invalid_request', details: { header: 'Idempotency-Key' } });
      expect([answers[1], answers[2]], malformed).toEqual([answers[0], answers[0]]);
    }
    expect(await orders(api, key)).toHaveLength(1);
  });

  test.each([
    ['pay', 'paid'],
    ['expire', 'expired'],
  ] as const)('answers a repeat with the present status once its buyer has done this: %s', async (action, status) => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    const first = await checkout(api, key, undefined, 'repeated');
    expect(first.topUp.status).toBe('open');
    await stripe.buyer(first.session.id, action);
    await stripe.deliver(api);
    const again = await checkout(api, key, undefined, 'repeated');
    expect(again.body).toEqual({ ...first.topUp, status });
    expect(await orders(api, key)).toHaveLength(1);
    expect((await checkout(api, key, undefined, 'a-new-key')).topUp.status).toBe('open');
  });

  test('hands out no session that is about to expire: late in its life the key makes a new order', async () => {
    const { api, stripe } = open();
    const { key, accountId } = await api.signUp();
    const first = await checkout(api, key, undefined, 'late');
    await age(api, accountId, 21 * 60 + 54);
    expect((await checkout(api, key, undefined, 'late')).session).toEqual(first.session);
    await age(api, accountId, 12);
    const later = await checkout(api, key, undefined, 'late');
    expect(later.status).toBe(200);
    expect(later.topUp.topUpId).not.toBe(first.topUp.topUpId);
    const { expires_at: expiresAt } = await stripe.seller.checkout.sessions.retrieve(later.session.id);
    expect(expiresAt * 1_000 - Date.now()).toBeGreaterThan(22 * 3_600_000);
    expect(Date.parse(later.topUp.expiresAt)).toBeGreaterThan(Date.now() + 22 * 3_600_000);
  });

  test.each([
    [21 * 60 + 54, 1],
    [22 * 60 + 40, 2],
  ])('makes a session that Stripe takes where none could be made %d minutes ago', async (minutes, count) => {
    const { api, stripe } = open();
    const { key, accountId } = await api.signUp();
    await stripe.control('/__api', { failures: 2 });
    expect((await checkout(api, key, undefined, 'failed-at-first')).status).toBe(502);
    await age(api, accountId, minutes);
    const answer = await checkout(api, key, undefined, 'failed-at-first');
    expect([answer.status, answer.topUp.status]).toEqual([200, 'open']);
    expect(await orders(api, key)).toHaveLength(count);
  });

  test('keeps no Idempotency-Key in the database, only its digest', async () => {
    const { api } = open();
    const { key, accountId } = await api.signUp();
    await checkout(api, key, { microCredits: 1_000_000 }, 'a-secret-of-the-caller');
    const kept = await api.database.execute({ sql: 'SELECT idempotency_key FROM checkout_key WHERE account_id = ?', args: [accountId] });
    expect(kept.rows.map((row) => row['idempotency_key'])).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  test('makes one order of ten equal requests at once; those that come too early are told to wait', async () => {
    const { api } = open();
    const { key } = await api.signUp();
    const answers = await Promise.all(Array.from({ length: 10 }, () => checkout(api, key, { microCredits: 1_000_000 }, 'at-once')));
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
    const sessions = new Set(answers.filter(({ status }) => status === 200).map(({ session }) => session.id));
    expect(sessions.size).toBe(1);
    const early = answers.filter(({ status }) => status === 409).map((answer) => errorOf(answer).code);
    expect(early.every((code) => code === 'idempotency_in_flight')).toBe(true);
    expect(await orders(api, key)).toHaveLength(1);
    expect([...sessions]).toEqual([(await checkout(api, key, { microCredits: 1_000_000 }, 'at-once')).session.id]);
  });

  test('goes on with the same order after Stripe failed', async () => {
    const { api, stripe } = open();
    const { key } = await api.signUp();
    await stripe.control('/__api', { failures: 2 });
    const failed = await checkout(api, key, { microCredits: 1_000_000 }, 'after-failure');
    expect([failed.status, errorOf(failed).code]).toEqual([502, 'payments_unavailable']);
    expect((await checkout(api, key, { microCredits: 1_000_000 }, 'after-failure')).status).toBe(200);
    expect(await orders(api, key)).toHaveLength(1);
  });

  test('goes on with the same order after a crash between order and session, once the crashed request is surely gone', async () => {
    const { api } = open();
    const { key, accountId } = await api.signUp();
    const first = await checkout(api, key, { microCredits: 1_000_000 }, 'crashed');
    // As if the Worker had died before it could write down where to pay.
    await api.database.execute({ sql: 'UPDATE checkout SET url = NULL WHERE account_id = ?', args: [accountId] });
    expect((await checkout(api, key, { microCredits: 1_000_000 }, 'crashed')).status).toBe(409);
    await api.database.execute({ sql: 'UPDATE checkout SET claimed_until = 0 WHERE account_id = ?', args: [accountId] });
    expect((await checkout(api, key, { microCredits: 1_000_000 }, 'crashed')).body).toEqual(first.body);
  });

  test('answers 503 where payments are not set up, on every endpoint that needs them', async () => {
    const { api } = open({ STRIPE_SECRET_KEY: '' });
    const { key } = await api.signUp();
    const answer = await checkout(api, key);
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'payments_unconfigured']);
    const event = await post(api, { body: '{}', signature: 't=1,v1=00' });
    expect([event.status, errorOf(event).code]).toEqual([503, 'payments_unconfigured']);
    expect((await api.request('/topups/return?session_id=cs_test_1')).status).toBe(503);
    expect((await api.request('/v1/topups', { key })).status).toBe(200);
  });

  test.each([
    ['a test key where credit is real', { STRIPE_MODE: 'live' }],
    ['a test key where the mode is not set', { STRIPE_MODE: '' }],
    ['a live key where test cards pay', { STRIPE_MODE: 'test', STRIPE_SECRET_KEY: 'sk_live_of_these_tests' }],
    ['a key that names no mode', { STRIPE_SECRET_KEY: 'local-fake' }],
  ])('closes payments with %s, and /ready says so', async (_what, settings) => {
    const { api } = open(settings);
    const { key } = await api.signUp();
    const answer = await checkout(api, key);
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'payments_unconfigured']);
    const ready = await api.request('/ready');
    expect([ready.status, ready.body]).toMatchObject([503, { status: 'not_ready' }]);
    expect(ready.body).toMatchObject({
      checks: expect.arrayContaining([expect.objectContaining({ name: 'setting STRIPE_SECRET_KEY', ok: false })]),
    });
    expect(JSON.stringify(ready.body)).not.toContain('of_these_tests');
  });

  test('hands out no session that Stripe made in the other mode', async () => {
    const { api } = open({ STRIPE_MODE: 'live', STRIPE_SECRET_KEY: 'rk_live_of_these_tests' });
    const { key } = await api.signUp();
    // The fake makes test sessions whatever the key.
    const answer = await checkout(api, key);
    expect([answer.status, errorOf(answer).code]).toEqual([502, 'payments_unavailable']);
    expect(api.events.at(-1)).toMatchObject({ alarm: 'payment_service_refused' });
  });

  test('opens no checkout for a test key', async () => {
    const { api } = open();
    const { key } = await api.signUp();
    const headers = { 'Content-Type': 'application/json' };
    const minted = await api.request('/v1/keys', {
      method: 'POST',
      key,
      headers,
      body: '{"name":"sandbox","mode":"test","scopes":["read","billing"]}',
    });
    // safe because the tests of the keys check this shape
    const { apiKey } = minted.body as { apiKey: string };
    expect(apiKey).toMatch(/^igsk_test_/);
    const answer = await checkout(api, apiKey);
    expect([answer.status, errorOf(answer).details]).toEqual([403, { reason: 'test_key' }]);
    expect(await orders(api, key)).toEqual([]);
  });

  test.each([
    ['http://evil.example', { PUBLIC_ORIGIN: 'https://api.test' }, 'https://api.test'],
    ['http://localhost:8787', {}, 'http://localhost:8787'],
  ])('sends the buyer of %s back to this deployment', async (asked, settings, origin) => {
    const { api, stripe } = open(settings);
    const { key } = await api.signUp();
    const headers = { 'Content-Type': 'application/json' };
    const answer = await api.request(`${asked}/v1/topups/checkout`, { method: 'POST', key, headers, body: '{"microCredits":1000000}' });
    const session = await stripe.seller.checkout.sessions.retrieve((answer.body as Checkout).checkoutSession.id);
    expect(session.success_url).toBe(`${origin}/topups/return?session_id={CHECKOUT_SESSION_ID}`);
    expect(session.cancel_url).toBe(`${origin}/topups/return?cancelled=true`);
  });

  test('opens no checkout where the address to return to is unknown, and /ready says so where payments are live', async () => {
    const { api } = open();
    const { key } = await api.signUp();
    const headers = { 'Content-Type': 'application/json' };
    const answer = await api.request('http://evil.example/v1/topups/checkout', {
      method: 'POST',
      key,
      headers,
      body: '{"microCredits":1000000}',
    });
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'payments_unconfigured']);
    expect(await orders(api, key)).toEqual([]);
    const live = { STRIPE_MODE: 'live', STRIPE_SECRET_KEY: 'sk_live_of_these_tests' };
    expect((await open(live).api.request('/ready')).body).toMatchObject({
      checks: expect.arrayContaining([{ name: 'setting PUBLIC_ORIGIN', ok: false, problem: 'missing' }]),
    });
    expect((await open({ ...live, PUBLIC_ORIGIN: 'https://api.test' }).api.request('/ready')).status).toBe(200);
  });

  test('lets a frozen account buy nothing', async () => {
    const { api } = open();
    const { key, accountId } = await api.signUp();
    await api.database.execute({ sql: "UPDATE account SET status = 'frozen' WHERE id = ?", args: [accountId] });
    expect(errorOf(await checkout(api, key)).code).toBe('account_frozen');
  });
});

describe('POST /v1/stripe/webhook', () => {
  test('credits a payment once, however often and in whatever order its events come', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'pay');
    const events = await stripe.takeEvents();
    const deliveries = [...events, ...events.toReversed(), ...events].map((event) => post(api, event));
    const statuses = (await Promise.all(deliveries)).map(({ status }) => status);
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    for (const event of events) expect((await post(api, event)).status).toBe(200);
    expect(await me(api, key)).toMatchObject({ availableMicroCredits: 5_000_000, debtMicroCredits: 0 });
    expect(await orders(api, key)).toMatchObject([{ status: 'paid', creditedMicroCredits: 5_000_000 }]);
  });

  test('refuses a signature that is wrong, missing, too old or of another body, and asks nobody', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'pay');
    const event = (await stripe.takeEvents()).find(({ type }) => type === 'checkout.session.completed');
    if (event === undefined) throw new Error('the session was not completed');
    api.takeSent();
    const old = await stripe.seller.webhooks.generateTestHeaderStringAsync({
      payload: event.body,
      secret: 'whsec_local_fake',
      timestamp: Math.floor(Date.now() / 1_000) - 301,
    });
    for (const [body, signature] of [
      [event.body, ''],
      [event.body, 'nonsense'],
      [event.body, event.signature.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
      [event.body.replace('usd', 'eur'), event.signature],
      [event.body, old],
    ] as const) {
      const answer = await post(api, { body, signature });
      expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid_signature']);
    }
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    expect((await me(api, key)).availableMicroCredits).toBe(0);
    const large = await post(api, { body: 'x'.repeat(600_000), signature: event.signature });
    expect([large.status, errorOf(large).code]).toEqual([413, 'body_too_large']);
  });

  test('takes events signed with either of two secrets while one is rotated, and with no third', async () => {
    const { api, stripe } = open({ STRIPE_WEBHOOK_SECRET: 'whsec_local_fake, whsec_next' });
    const body = '{"id":"evt_1","object":"event","type":"charge.refunded","data":{"object":{"object":"charge","id":"ch_1"}}}';
    const statusOf = async (secret: string) =>
      (await post(api, { body, signature: await stripe.seller.webhooks.generateTestHeaderStringAsync({ payload: body, secret }) })).status;
    expect([await statusOf('whsec_local_fake'), await statusOf('whsec_next'), await statusOf('whsec_other')]).toEqual([200, 200, 400]);
    expect(await statusOf('whsec_local_fake, whsec_next')).toBe(400);
  });

  test('acknowledges what is not about a top-up', async () => {
    const { api, stripe } = open();
    const sign = (body: string) => stripe.seller.webhooks.generateTestHeaderStringAsync({ payload: body, secret: 'whsec_local_fake' });
    for (const body of [
      '{"id":"evt_1","object":"event","type":"customer.created","data":{"object":{"object":"customer","id":"cus_1"}}}',
      '{"id":"evt_2","object":"event","type":"a.type.of.tomorrow","data":{"object":{"object":"thing"}}}',
      '{"id":"evt_3","object":"event","type":"charge.refunded","data":{"object":{"object":"charge","id":"ch_1","payment_intent":"pi_nobody"}}}',
      '{"id":"evt_4","object":"event","type":"checkout.session.completed","data":{"object":{"object":"checkout.session","id":"cs_nobody"}}}',
      '{"id":"evt_5","object":"event"}',
    ]) {
      const answer = await post(api, { body, signature: await sign(body) });
      expect([answer.status, answer.body]).toEqual([200, { received: true }]);
    }
    expect(api.events.filter((event) => event.alarm !== undefined)).toEqual([]);
  });

  test('fails while Stripe fails, so that Stripe sends the event again, and then credits', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'pay');
    const [event] = (await stripe.takeEvents()).filter(({ type }) => type === 'checkout.session.completed');
    if (event === undefined) throw new Error('the session was not completed');
    await stripe.control('/__api', { failures: 2 });
    expect((await post(api, event)).status).toBe(502);
    expect((await me(api, key)).availableMicroCredits).toBe(0);
    expect((await post(api, event)).status).toBe(200);
    expect((await me(api, key)).availableMicroCredits).toBe(5_000_000);
  });

  test.each(['pending', 'requires_action'] as const)(
    'takes a refund back while it is %s, and gives it back only when it is canceled',
    async (status) => {
      const { api, stripe, session, key } = await paidCustomer();
      const refund = await stripe.refund(session.id, 200);
      await stripe.control(`/__refunds/${refund}`, { status });
      expect(new Set(await stripe.deliver(api))).toEqual(new Set([200]));
      expect((await me(api, key)).availableMicroCredits).toBe(3_000_000);
      expect(await orders(api, key)).toMatchObject([{ status: 'partly_refunded', creditedMicroCredits: 3_000_000 }]);
      await stripe.control(`/__refunds/${refund}`, { status: 'canceled' });
      await stripe.deliver(api);
      expect((await me(api, key)).availableMicroCredits).toBe(5_000_000);
    },
  );

  test('takes partial refunds back share by share, and gives a failed one back again', async () => {
    const { api, stripe, session, key } = await paidCustomer();
    await stripe.refund(session.id, 100);
    await stripe.refund(session.id, 50);
    const last = await stripe.refund(session.id, 1);
    expect(new Set(await stripe.deliver(api))).toEqual(new Set([200]));
    expect((await me(api, key)).availableMicroCredits).toBe(3_490_000);
    expect(await orders(api, key)).toMatchObject([{ status: 'partly_refunded', creditedMicroCredits: 3_490_000 }]);
    await stripe.control(`/__refunds/${last}`, {});
    await stripe.deliver(api);
    expect((await me(api, key)).availableMicroCredits).toBe(3_500_000);
    await stripe.refund(session.id);
    await stripe.deliver(api);
    expect(await orders(api, key)).toMatchObject([{ status: 'refunded', creditedMicroCredits: 0 }]);
    expect((await me(api, key)).availableMicroCredits).toBe(0);
  });

  test.each([
    ['won', 5_000_000, 'paid'],
    ['lost', 0, 'disputed'],
  ] as const)('takes a disputed payment back at once; a dispute that is %s leaves %d', async (outcome, left, status) => {
    const { api, stripe, session, key } = await paidCustomer();
    await stripe.dispute(session.id);
    await stripe.deliver(api);
    expect((await me(api, key)).availableMicroCredits).toBe(0);
    expect(await orders(api, key)).toMatchObject([{ status: 'disputed' }]);
    await stripe.decide(session.id, outcome);
    await stripe.deliver(api);
    expect((await me(api, key)).availableMicroCredits).toBe(left);
    expect(await orders(api, key)).toMatchObject([{ status, creditedMicroCredits: left }]);
  });

  test('makes a debt of what was spent and then taken back; it blocks spending until it is covered', async () => {
    const { api, stripe, session, key } = await paidCustomer();
    expect((await api.request('/v1/post?url=DemoImage01', { key })).status).toBe(200);
    await stripe.refund(session.id);
    await stripe.deliver(api);
    expect(await me(api, key)).toMatchObject({ availableMicroCredits: -3_000, debtMicroCredits: 3_000 });
    const blocked = await api.request('/v1/post?url=DemoImage01', { key });
    expect([blocked.status, errorOf(blocked).code]).toEqual([402, 'insufficient_credits']);
    const { topUp } = errorOf(blocked).details as { topUp: { method: string; path: string; body: object } };
    const next = await api.request(topUp.path, {
      method: topUp.method,
      key,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(topUp.body),
    });
    await stripe.buyer((next.body as Checkout).checkoutSession.id, 'pay');
    await stripe.deliver(api);
    expect(await me(api, key)).toMatchObject({ availableMicroCredits: 497_000, debtMicroCredits: 0 });
    expect((await api.request('/v1/post?url=DemoImage01', { key })).status).toBe(200);
  });

  test('takes a refund whose event comes before that of the payment', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'pay');
    await stripe.refund(session.id, 200);
    for (const event of (await stripe.takeEvents()).toReversed()) expect((await post(api, event)).status).toBe(200);
    expect((await me(api, key)).availableMicroCredits).toBe(3_000_000);
  });

  test('credits a delayed payment when it comes through, and none that does not', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    for (const [outcome, credited, status] of [
      ['succeeded', 5_000_000, 'paid'],
      ['failed', 0, 'failed'],
    ] as const) {
      const { session } = await checkout(api, key);
      await stripe.buyer(session.id, 'delayed');
      await stripe.deliver(api);
      expect((await orders(api, key))[0]).toMatchObject({ status: 'open', creditedMicroCredits: 0 });
      await stripe.control(`/__sessions/${session.id}`, { outcome });
      await stripe.deliver(api);
      expect((await orders(api, key))[0]).toMatchObject({ status, creditedMicroCredits: credited });
    }
  });

  test('closes an order whose time ran out, and leaves one open whose card was declined', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'decline');
    await stripe.deliver(api);
    expect(await orders(api, key)).toMatchObject([{ status: 'open', checkoutUrl: session.url }]);
    await stripe.buyer(session.id, 'expire');
    await stripe.deliver(api);
    expect(await orders(api, key)).toMatchObject([{ status: 'expired', creditedMicroCredits: 0, checkoutUrl: null }]);
  });

  test.each([
    ['top_up_amount_mismatch', { amount_subtotal: 1 }],
    ['top_up_currency_mismatch', { currency: 'eur' }],
    ['top_up_mode_mismatch', { livemode: true }],
  ])('credits nothing and raises %s when what was paid is not what was ordered', async (alarm, change) => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.control(`/__sessions/${session.id}`, change);
    await stripe.buyer(session.id, 'pay');
    await stripe.deliver(api);
    expect(await orders(api, key)).toMatchObject([{ status: 'under_review', creditedMicroCredits: 0 }]);
    expect(api.events.some((event) => event.alarm === alarm)).toBe(true);
  });

  test('grants a paid session that has the metadata but no order here, once, and takes its refund back', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key, accountId } = await api.signUp();
    const session = await foreign(stripe, { accountId, microCredits: '2000000' });
    const events = await stripe.takeEvents();
    await Promise.all([...events, ...events].map((event) => post(api, event)));
    for (const event of events) expect((await post(api, event)).status).toBe(200);
    expect((await me(api, key)).availableMicroCredits).toBe(2_000_000);
    expect(await orders(api, key)).toHaveLength(1);
    await stripe.refund(session, 100);
    await stripe.deliver(api);
    expect((await me(api, key)).availableMicroCredits).toBe(1_000_000);
  });

  test('credits nothing for an event of the other mode, and raises an alarm that is counted', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key, accountId } = await api.signUp();
    const { session } = await checkout(api, key);
    await foreign(stripe, { accountId, microCredits: '2000000' });
    await stripe.buyer(session.id, 'pay');
    const events = await stripe.takeEvents();
    for (const event of events) {
      const body = event.body.replace('"livemode":false', '"livemode":true');
      expect(body).not.toBe(event.body);
      const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret: FAKE_WEBHOOK_SECRET });
      expect((await post(api, { body, signature })).status).toBe(200);
      expect(api.events.at(-1)).toMatchObject({ alarm: 'top_up_mode_mismatch' });
    }
    expect((await me(api, key)).availableMicroCredits).toBe(0);
    await api.flushCounters();
    const metrics = await api.request('/v1/ops/metrics?format=prometheus', { key: OPERATOR_KEY });
    const counted = /^igskill_alarms_total{alarm="top_up_mode_mismatch"} (\d+)$/m.exec(String(metrics.body))?.[1];
    expect(Number(counted)).toBeGreaterThanOrEqual(events.length);
    // The same events in the right mode are still taken.
    for (const event of events) await post(api, event);
    expect((await me(api, key)).availableMicroCredits).toBe(7_000_000);
  });

  test('takes back what a session of the other mode had bought before', async () => {
    const { api, stripe, key, session } = await paidCustomer();
    expect((await me(api, key)).availableMicroCredits).toBe(5_000_000);
    await stripe.control(`/__sessions/${session.id}`, { livemode: true });
    await api.request(`/topups/return?session_id=${session.id}`);
    expect(await orders(api, key)).toMatchObject([{ status: 'under_review', creditedMicroCredits: 0 }]);
    expect((await me(api, key)).availableMicroCredits).toBe(0);
  });

  test('adopts no session of the other mode', async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key, accountId } = await api.signUp();
    await stripe.control(`/__sessions/${await foreign(stripe, { accountId, microCredits: '2000000' })}`, { livemode: true });
    await stripe.deliver(api);
    expect(await orders(api, key)).toEqual([]);
    expect(api.events.some((event) => event.alarm === 'top_up_mode_mismatch')).toBe(true);
  });

  test.each([
    ['more credit than was paid', (accountId: string) => ({ accountId, microCredits: '2000001' })],
    ['an account that is not there', () => ({ accountId: 'acct_nobody', microCredits: '2000000' })],
    ['an amount that is none', (accountId: string) => ({ accountId, microCredits: '2e6' })],
  ])('grants nothing for metadata with %s, and raises an alarm', async (_what, metadata) => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key, accountId } = await api.signUp();
    await foreign(stripe, metadata(accountId));
    expect(new Set(await stripe.deliver(api))).toEqual(new Set([200]));
    expect((await me(api, key)).availableMicroCredits).toBe(0);
    expect(await orders(api, key)).toEqual([]);
    expect(api.events.some((event) => event.alarm === 'top_up_unknown_order')).toBe(true);
  });

  test("ties a session to its order when Stripe's answer with the session was lost", async () => {
    const { api, stripe } = open();
    await stripe.takeEvents();
    const { key, accountId } = await api.signUp();
    await stripe.control('/__api', { failures: 2 });
    await checkout(api, key, { microCredits: 2_000_000 }, 'lost');
    const [order] = await orders(api, key);
    await foreign(stripe, { accountId, microCredits: '2000000', order: order?.id ?? '' });
    await stripe.deliver(api);
    expect(await orders(api, key)).toMatchObject([{ id: order?.id, status: 'paid', creditedMicroCredits: 2_000_000 }]);
  });
});

describe('lost webhooks', () => {
  test('the return page looks at the order itself and shows what was credited, without a key or a secret', async () => {
    const { api, stripe } = open();
    const { key, accountId } = await api.signUp();
    const { session } = await checkout(api, key);
    const unpaid = await api.request(`/topups/return?session_id=${session.id}`);
    expect([unpaid.status, unpaid.body]).toEqual([200, expect.stringContaining('We have not received the payment yet')]);
    const location = new URL((await stripe.buyer(session.id, 'pay')) ?? '');
    api.clock.advance(CHECKED_RECENTLY_MS);
    const page = await api.request(`${location.pathname}${location.search}`);
    expect(page.status).toBe(200);
    expect(page.body).toContain('+5,000,000 micro-credits ($5.00)');
    for (const secret of [key, accountId, 'sk_test', 'whsec']) expect(page.body).not.toContain(secret);
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect((await me(api, key)).availableMicroCredits).toBe(5_000_000);
    await api.request(`${location.pathname}${location.search}`);
    expect((await me(api, key)).availableMicroCredits).toBe(5_000_000);
  });

  test('300 visits of a return page are one check at a time and no write, and its address is limited', async () => {
    const { api, stripe } = open({ RATE_LIMIT_SCALE: '1' });
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    const order = async () => (await api.database.execute('SELECT rev, updated_at FROM payment')).rows;
    const before = await order();
    const visit = (address: string) => api.request(`/topups/return?session_id=${session.id}`, { headers: { 'CF-Connecting-IP': address } });
    api.takeSent();
    const crowd = await Promise.all(Array.from({ length: 300 }, (_, index) => visit(`203.0.113.${index}`)));
    expect(crowd.every(({ status }) => status === 200)).toBe(true);
    const checkCalls = api.takeSent().providers;
    expect(checkCalls).toBeLessThanOrEqual(3);
    expect(await order()).toEqual(before);
    for (let again = 0; again < 3; again += 1) {
      api.clock.advance(CHECKED_RECENTLY_MS);
      expect((await visit('203.0.113.1')).status).toBe(200);
    }
    expect(api.takeSent().providers).toBe(3 * checkCalls);
    expect(await order()).toEqual(before);
    await stripe.buyer(session.id, 'pay');
    api.clock.advance(CHECKED_RECENTLY_MS);
    expect((await visit('203.0.113.1')).body).toContain('+5,000,000 micro-credits ($5.00)');
    // A minute may end meanwhile, so the quotas of two are exceeded.
    const { limit } = RATE_LIMITS['checkout-return'];
    const statuses = new Set<number>();
    for (let sent = 0; sent <= 2 * limit; sent += 1) statuses.add((await visit('198.51.100.1')).status);
    expect(statuses).toEqual(new Set([200, 429]));
  });

  test('the return page asks Stripe nothing about sessions that are not ours', async () => {
    const { api } = open();
    for (const query of ['', '?session_id=cs_nobody', '?session_id=%3Cscript%3E']) {
      const page = await api.request(`/topups/return${query}`);
      expect(page.status).toBe(404);
      expect(page.body).not.toContain('script>');
    }
    expect(api.takeSent().providers).toBe(0);
    expect((await api.request('/topups/return?cancelled=true')).body).toContain('Top-up cancelled');
  });

  test('the cron credits what was paid and takes back what was refunded, and then has nothing to do', async () => {
    const { api, stripe } = open();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'pay');
    const log: { cron?: { done: number; failed: number } }[] = [];
    const cron = (aheadMs: number) =>
      runScheduled(api.env, {
        clock: () => Date.now() + aheadMs,
        ids: (prefix) => `${prefix}_cron`,
        fetch,
        log: (event) => log.push(event),
      });
    await cron(0);
    expect((await me(api, key)).availableMicroCredits).toBe(5_000_000);
    expect(log.at(-1)?.cron?.failed).toBe(0);
    await stripe.refund(session.id, 100);
    await cron(7 * 3_600_000);
    expect((await me(api, key)).availableMicroCredits).toBe(4_000_000);
  });

  test("a payment whose webhook was lost waits for no unpaid order, and neither does a refund, however many are somebody else's", async () => {
    const { api, stripe } = open();
    const stranger = await api.signUp();
    const { key, accountId } = await api.signUp();
    const refunded = await checkout(api, key);
    await stripe.buyer(refunded.session.id, 'pay');
    await stripe.deliver(api);
    await stripe.refund(refunded.session.id, 100);
    // Long overdue, and made by hand, because the API would not let one account have so many.
    const rows = Array.from({ length: 300 }, (_, index) => `pay_stranger${index}`);
    await api.database.batch([
      {
        sql: `INSERT INTO payment (id, account_id, session_id, currency, amount_minor, credits_micros, created_at, updated_at)
              SELECT j.value, ?, 'cs_' || j.value, 'usd', 100, 1000000, 1, 1 FROM json_each(?) j`,
        args: [stranger.accountId, JSON.stringify(rows)],
      },
      {
        sql: `INSERT INTO checkout (payment_id, account_id, url, expires_at, claimed_by, claimed_until, next_check_at)
              SELECT j.value, ?, 'https://pay.test', 9000000000000, 'x', 1, 1 FROM json_each(?) j`,
        args: [stranger.accountId, JSON.stringify(rows)],
      },
    ]);
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'pay');
    await stripe.takeEvents();
    await api.database.execute({ sql: "UPDATE checkout SET next_check_at = 2 WHERE account_id = ? AND state = 'paid'", args: [accountId] });
    await runScheduled(api.env, { clock: Date.now, ids: (prefix) => `${prefix}_cron`, fetch, log: () => undefined });
    expect(await orders(api, key)).toMatchObject([
      { status: 'paid', creditedMicroCredits: 5_000_000 },
      { status: 'partly_refunded', creditedMicroCredits: 4_000_000 },
    ]);
    await api.database.execute({
      sql: "UPDATE checkout SET next_check_at = NULL, state = 'expired' WHERE account_id = ?",
      args: [stranger.accountId],
    });
  });

  test('an account can have only so many unpaid top-ups, and is told when the next place is free', async () => {
    const { api } = open();
    const { key } = await api.signUp();
    for (let count = 1; count <= 20; count += 1) expect((await checkout(api, key, undefined, `order-${count}`)).status).toBe(200);
    const refused = await checkout(api, key, undefined, 'order-21');
    expect([refused.status, errorOf(refused).code, errorOf(refused).details]).toEqual([429, 'too_many_open_top_ups', { limit: 20 }]);
    const seconds = Number(refused.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(22 * 3_600);
    expect(seconds).toBeLessThanOrEqual(23 * 3_600);
    expect((await checkout(api, key, undefined, 'order-20')).headers.get('Idempotency-Replayed')).toBe('true');
    expect((await checkout(api, (await api.signUp()).key)).status).toBe(200);
  });

  /** As after an hour: the cron goes through the sessions again. */
  const nextPass = (api: Api) => api.database.execute("UPDATE job SET state = NULL WHERE name = 'reconcile_payments'");

  test('the cron grants what was paid though both the order and the webhook were lost, once, and takes its refund back', async () => {
    const { api, stripe } = open();
    const { key, accountId } = await api.signUp();
    const metadata = { accountId, microCredits: '2000000', order: 'pay_lost_with_the_database' };
    const session = await foreign(stripe, metadata);
    await foreign(stripe, { anything: 'else that is sold with this account' });
    await nextPass(api);
    await api.runCron();
    expect((await me(api, key)).availableMicroCredits).toBe(2_000_000);
    expect(await orders(api, key)).toMatchObject([{ status: 'paid', creditedMicroCredits: 2_000_000 }]);
    await Promise.all([nextPass(api), nextPass(api)]);
    await Promise.all([api.runCron(), api.runCron()]);
    await stripe.deliver(api);
    expect((await me(api, key)).availableMicroCredits).toBe(2_000_000);
    expect(await orders(api, key)).toHaveLength(1);
    await stripe.refund(session, 50);
    await stripe.deliver(api);
    expect((await me(api, key)).availableMicroCredits).toBe(1_500_000);
  });

  test('the cron goes on where its last run stopped, over pages of sessions, and then leaves them alone for an hour', async () => {
    const { api, stripe } = open();
    const { key, accountId } = await api.signUp();
    const lost = () => foreign(stripe, { accountId, microCredits: '500000' }, 50);
    for (let count = 1; count <= 25; count += 1) await lost();
    // More than a page of others behind which they are found.
    await Promise.all(Array.from({ length: 120 }, () => foreign(stripe, {})));
    await nextPass(api);
    const granted: number[] = [];
    for (let run = 1; run <= 3; run += 1) {
      await api.runCron();
      granted.push((await me(api, key)).availableMicroCredits / 500_000);
    }
    expect(granted[0]).toBeLessThan(25);
    expect(granted.slice(1)).toEqual([25, 25]);
    await lost();
    api.takeSent();
    await api.runCron();
    expect((await me(api, key)).availableMicroCredits).toBe(25 * 500_000);
    await nextPass(api);
    await stripe.control('/__api', { failures: 100 });
    await api.runCron();
    await stripe.control('/__api', { failures: 0 });
    expect((await me(api, key)).availableMicroCredits).toBe(25 * 500_000);
    await api.runCron();
    expect((await me(api, key)).availableMicroCredits).toBe(26 * 500_000);
  });

  test('the cron begins anew when Stripe does not know its place in the list', async () => {
    const { api, stripe } = open();
    const { key, accountId } = await api.signUp();
    await foreign(stripe, { accountId, microCredits: '2000000' });
    const pass = JSON.stringify({ startedAt: Date.now() - 2 * 3_600_000, after: 'cs_test_of_another_account', isDone: false });
    await api.runCron();
    await api.database.execute({ sql: "UPDATE job SET state = ? WHERE name = 'reconcile_payments'", args: [pass] });
    await api.runCron();
    expect(api.events.at(-1)).toMatchObject({ method: 'CRON', alarm: expect.stringContaining('payment_service_refused') });
    await api.flushCounters();
    const { body } = await api.request('/v1/ops/metrics?format=prometheus', { key: OPERATOR_KEY });
    expect(body).toMatch(/^igskill_alarms_total{alarm="payment_service_refused"} [1-9]/m);
    expect((await me(api, key)).availableMicroCredits).toBe(0);
    await api.runCron();
    expect((await me(api, key)).availableMicroCredits).toBe(2_000_000);
  });

  test('an order that no code here has written, and a session that Stripe describes badly, cost nobody else their credit', async () => {
    const { api, stripe } = open();
    const [unreadableRow, unreadableSession, oddRate, healthy] = await Promise.all([1, 2, 3, 4].map(() => api.signUp()));
    const sessions: string[] = [];
    for (const customer of [unreadableRow, unreadableSession, oddRate, healthy]) {
      const { session } = await checkout(api, customer?.key ?? '');
      await stripe.buyer(session.id, 'pay');
      sessions.push(session.id);
    }
    // Their webhooks are lost.
    await stripe.takeEvents();
    const setState = (state: string) =>
      api.database.execute({ sql: 'UPDATE checkout SET state = ? WHERE account_id = ?', args: [state, unreadableRow?.accountId ?? ''] });
    await setState('of another release');
    await stripe.control(`/__sessions/${sessions[1] ?? ''}`, { payment_status: 'in_doubt' });
    // The official library throws at this one: "Failed to coerce decimal_string value".
    await stripe.control(`/__sessions/${sessions[2] ?? ''}`, { currency_conversion: { fx_rate: '' } });
    const log: { cron?: object; alarm?: string }[] = [];
    await runScheduled(api.env, {
      clock: () => Date.now() + 11 * 60_000,
      ids: (prefix) => `${prefix}_cron`,
      fetch,
      log: (event) => log.push(event),
    });
    const credited = [unreadableRow, unreadableSession, oddRate, healthy].map((customer) => me(api, customer?.key ?? ''));
    expect((await Promise.all(credited)).map(({ availableMicroCredits }) => availableMicroCredits)).toEqual([0, 0, 5_000_000, 5_000_000]);
    expect(log.at(-1)).toMatchObject({ cron: { failed: 2 }, alarm: 'top_up_check_failed' });
    await setState('open');
    await stripe.control(`/__sessions/${sessions[1] ?? ''}`, { payment_status: 'paid' });
    await runScheduled(api.env, { clock: () => Date.now() + 17 * 60_000, ids: (prefix) => `${prefix}_cron`, fetch, log: () => undefined });
    expect((await me(api, unreadableRow?.key ?? '')).availableMicroCredits).toBe(5_000_000);
    expect((await me(api, unreadableSession?.key ?? '')).availableMicroCredits).toBe(5_000_000);
  });

  test('the cron sets an order aside that fails, and comes back to it', async () => {
    const { api, stripe } = open();
    const { key } = await api.signUp();
    const { session } = await checkout(api, key);
    await stripe.buyer(session.id, 'pay');
    await api.database.execute({
      sql: 'UPDATE checkout SET next_check_at = NULL WHERE payment_id <> ?',
      args: [(await orders(api, key))[0]?.id ?? ''],
    });
    const cron = (aheadMs: number) =>
      runScheduled(api.env, { clock: () => Date.now() + aheadMs, ids: (prefix) => `${prefix}_cron`, fetch, log: () => undefined });
    await stripe.control('/__api', { failures: 100 });
    await cron(11 * 60_000);
    await stripe.control('/__api', { failures: 0 });
    expect((await me(api, key)).availableMicroCredits).toBe(0);
    await cron(17 * 60_000);
    expect((await me(api, key)).availableMicroCredits).toBe(5_000_000);
  });
});

describe('GET /v1/topups', () => {
  test('lists an account its own orders, newest first, page by page', async () => {
    const { api } = open();
    const [one, two] = [await api.signUp(), await api.signUp()];
    for (const cents of [100, 200, 300]) await checkout(api, one.key, { microCredits: cents * 10_000 });
    await checkout(api, two.key);
    const first = await api.request('/v1/topups?limit=2', { key: one.key });
    expect(first.body).toMatchObject({
      items: [{ amountCents: 300, currency: 'usd' }, { amountCents: 200 }],
      nextCursor: expect.any(String),
    });
    const { nextCursor } = first.body as { nextCursor: string };
    const second = await api.request(`/v1/topups?limit=2&cursor=${nextCursor}`, { key: one.key });
    expect(second.body).toMatchObject({ items: [{ amountCents: 100 }], nextCursor: null });
    expect((await api.request(`/v1/topups?cursor=${nextCursor}`, { key: two.key })).body).not.toMatchObject({
      items: [{ amountCents: 100 }],
    });
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'cursor=%27%20OR%201', 'page=2']) {
      expect((await api.request(`/v1/topups?${query}`, { key: one.key })).status, query).toBe(400);
    }
  });

  test("answers one order to its account, and another account's as if there were none", async () => {
    const { api } = open();
    const [one, two] = [await api.signUp(), await api.signUp()];
    const { session, topUp } = await checkout(api, one.key);
    const [order] = await orders(api, one.key);
    const path = `/v1/topups/${order?.id ?? ''}`;
    expect(topUp.topUpId).toBe(order?.id);
    expect((await api.request(path, { key: one.key })).body).toMatchObject({ id: order?.id, status: 'open', checkoutUrl: session.url });
    expect((await api.request(`/v1/topups/${session.id}`, { key: one.key })).body).toMatchObject({ id: order?.id, status: 'open' });
    expect((await api.request(`/v1/topups/${session.id}`, { key: two.key })).status).toBe(404);
    expect((await api.request('/v1/topups/cs_nobody', { key: one.key })).status).toBe(404);
    const other = await api.request(path, { key: two.key });
    const nothing = await api.request('/v1/topups/pay_nothing', { key: two.key });
    expect([other.status, nothing.status]).toEqual([404, 404]);
    expect(errorOf(other).message).toBe(errorOf(nothing).message);
    expect((await api.request(path)).status).toBe(401);
    expect((await api.request(path, { key: OPERATOR_KEY })).status).toBe(403);
  });
});
