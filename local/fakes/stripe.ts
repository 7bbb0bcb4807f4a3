import { z } from 'zod';
import type { Clock } from '../../src/core/clock.ts';
import { type Answer, type Call, json, type Reply } from './server.ts';
import { StripeAccount } from './stripe/account.ts';
import { answerApi, type Remembered } from './stripe/api.ts';
import { parseForm, textAt } from './stripe/form.ts';
import { checkoutPage, dashboardPage, seeOther } from './stripe/pages.ts';
import { Webhooks } from './stripe/webhooks.ts';

/** The signing secret. Not confidential, because it signs for this machine only. */
export const FAKE_WEBHOOK_SECRET = 'whsec_local_fake';

const Delivery = z.object({
  mode: z.enum(['deliver', 'hold', 'drop']).default('deliver'),
  copies: z.int().min(1).max(10).default(1),
  delayMs: z.int().min(0).max(60_000).default(0),
});

/** Lets tests change what Stripe did. */
const Tampering = z
  .object({
    amount_subtotal: z.int(),
    amount_total: z.int(),
    currency: z.string(),
    payment_status: z.string(),
    livemode: z.boolean(),
    currency_conversion: z.object({ fx_rate: z.string() }),
  })
  .partial();

/**
 * Fakes Stripe in memory: checkout sessions with a payment page, intents, charges, refunds, disputes, idempotency keys and signed webhooks.
 * Besides Stripe's own paths it has `/c/pay/…` (the buyer's page), `/dashboard` (refunds, disputes, webhooks), and for tests `/__webhooks`
 * (GET lists the events with fresh signatures, POST sets the delivery), `/__webhooks/release`, `/__api` (fails the next calls),
 * `/__sessions/…` (changes what was paid) and `/__refunds/…` (gives a refund another status, `failed` unless another is named).
 */
export function stripeFake(options: { readonly clock: Clock; readonly webhookUrl: string | null }): (call: Call) => Reply {
  const webhooks = new Webhooks(options.webhookUrl, FAKE_WEBHOOK_SECRET, options.clock);
  const account = new StripeAccount(options.clock, (type, object) => webhooks.emit(type, object));
  const remembered = new Map<string, Remembered>();
  const failures = { left: 0 };
  return (call) => {
    const [, first = ''] = call.url.pathname.split('/');
    const answer = (given: Answer): Reply => ({ kind: 'answer', shortcode: null, answer: given });
    switch (first) {
      case 'v1':
        if (failures.left > 0) {
          failures.left -= 1;
          return answer(json(500, { error: { type: 'api_error', message: 'Something went wrong.' } }));
        }
        return answer(answerApi(account, remembered, call));
      case 'c':
        return answer(checkout(account, call));
      case 'dashboard':
        return answer(dashboard(account, webhooks, call));
      default:
        return answer(control(account, webhooks, failures, call));
    }
  };
}

function checkout(account: StripeAccount, call: Call): Answer {
  const [, id = '', verb] = /^\/c\/pay\/(\w+)(?:\/(\w+))?$/.exec(call.url.pathname) ?? [];
  const session = account.sessions.get(id);
  if (session === undefined) return json(404, { error: { type: 'invalid_request_error', message: 'No such session.' } });
  if (call.method !== 'POST') return checkoutPage(session, null);
  if (verb === 'expire') {
    account.expire(session);
    return seeOther(`/c/pay/${id}`);
  }
  const paid = account.pay(session, verb === 'decline' || verb === 'delayed' ? verb : 'pay');
  if (!paid.ok) return checkoutPage(session, paid.error.message);
  return seeOther(session.success_url.replaceAll('{CHECKOUT_SESSION_ID}', session.id));
}

function dashboard(account: StripeAccount, webhooks: Webhooks, call: Call): Answer {
  if (call.method !== 'POST') return dashboardPage(account, webhooks);
  const [, , verb = '', id = ''] = call.url.pathname.split('/');
  const cents = textAt(parseForm(call.body), 'cents') ?? '';
  const amount = /^\d+$/.test(cents) ? Number(cents) : null;
  const dispute = account.disputes.get(id);
  if (verb === 'refund') account.refund(id, amount);
  if (verb === 'dispute') account.dispute(id, amount);
  if ((verb === 'won' || verb === 'lost') && dispute !== undefined) account.closeDispute(dispute, verb);
  if (verb === 'webhooks' && id === 'release') webhooks.release(false);
  if (verb === 'webhooks' && id !== 'release') webhooks.delivery = Delivery.parse({ ...webhooks.delivery, mode: id });
  return seeOther('/dashboard');
}

function control(account: StripeAccount, webhooks: Webhooks, failures: { left: number }, call: Call): Answer {
  const [, first, id = ''] = call.url.pathname.split('/');
  const given: unknown = call.body === '' ? {} : JSON.parse(call.body);
  const done = json(200, { done: true });
  if (first === '__webhooks' && call.method === 'GET') {
    return json(
      200,
      webhooks.events.map((event) => ({ ...event, signature: webhooks.sign(event.body) })),
    );
  }
  if (first === '__webhooks' && id === 'release') {
    webhooks.release(z.object({ reverse: z.boolean().default(false) }).parse(given).reverse);
    return done;
  }
  if (first === '__webhooks') {
    webhooks.delivery = Delivery.parse(given);
    return done;
  }
  if (first === '__api') {
    failures.left = z.object({ failures: z.int().nonnegative() }).parse(given).failures;
    return done;
  }
  const session = account.sessions.get(id);
  if (first === '__sessions' && session !== undefined) {
    const { outcome } = z.object({ outcome: z.enum(['succeeded', 'failed']).optional() }).parse(given);
    if (outcome === undefined) Object.assign(session, Tampering.parse(given));
    else account.finishDelayed(session, outcome === 'succeeded');
    return done;
  }
  const refund = account.refunds.get(id);
  if (first === '__refunds' && refund !== undefined) {
    const { status } = z.object({ status: z.enum(['pending', 'requires_action', 'failed', 'canceled']).default('failed') }).parse(given);
    account.setRefundStatus(refund, status);
    return done;
  }
  return json(404, {
    error: { type: 'invalid_request_error', message: `Unrecognized request URL (${call.method}: ${call.url.pathname}).` },
  });
}
