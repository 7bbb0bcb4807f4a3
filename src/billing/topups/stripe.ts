import { Stripe } from 'stripe';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { PaymentFacts, PaymentFailure, PaymentHint, PaymentService } from './payment-service.ts';
import { TOP_UP_CURRENCY } from './top-ups.ts';

/** The schemas below are those of this version. The webhook endpoint at Stripe must be set to the same. */
const STRIPE_API_VERSION = '2026-10-28.endive';

/** For one request; including the library's retry, a caller still gets a response in time. */
const REQUEST_TIMEOUT_MS = 8_000;

/** Stripe's own default for the age of a signature. */
const SIGNATURE_TOLERANCE_SECONDS = 300;

/** Bounds the refunds and disputes read for one payment. */
const MAX_REVERSALS = 1_000;

/** Stripe's maximum. */
const PAGE_SIZE = 100;

/** Disputes that don't withhold money: won, or only warnings. An unknown status counts as withholding, to be safe. */
const HARMLESS_DISPUTES: readonly string[] = ['won', 'prevented', 'warning_needs_response', 'warning_under_review', 'warning_closed'];

/** Options of a client that, like its `fetch`, belongs to one request. */
export type StripeOptions = {
  readonly baseUrl: string;
  /** The mode of the key. Sessions and events of the other mode are marked as wrong. */
  readonly mode: 'live' | 'test';
  readonly secretKey: string;
  /** An event is accepted with a signature of any of them. */
  readonly webhookSecrets: readonly string[];
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
};

/** Creates the payment service over Stripe's own library. Failures of Stripe are returned, never thrown. */
export function createStripePayments(options: StripeOptions): PaymentService {
  const { protocol, hostname, port } = new URL(options.baseUrl);
  const isPlain = protocol === 'http:';
  // Created lazily: every request gets a payment service, but few use it.
  let made: Stripe | null = null;
  const make = () =>
    new Stripe(options.secretKey, {
      apiVersion: STRIPE_API_VERSION,
      httpClient: Stripe.createFetchHttpClient(options.fetch),
      protocol: isPlain ? 'http' : 'https',
      host: hostname,
      port: port === '' ? (isPlain ? 80 : 443) : Number(port),
      timeout: REQUEST_TIMEOUT_MS,
      maxNetworkRetries: 1,
      telemetry: false,
    });
  const stripe = () => (made ??= make());
  const isLive = options.mode === 'live';
  return {
    createSession: (order, returnUrl) => createSession(stripe(), order, returnUrl, isLive),
    facts: (sessionId) => readFacts(stripe(), sessionId, isLive),
    async sessionOfIntent(intentId) {
      const listed = await askSessions(stripe(), '', { payment_intent: intentId, limit: '1' });
      if (!listed.ok) return listed;
      if (listed.value === null) return ok(null);
      const page = Page.safeParse(listed.value);
      if (!page.success) return err({ kind: 'unreadable' });
      return ok(withIds(page.data.data)[0]?.id ?? null);
    },
    completedSessions: (since, after) => completedSessions(stripe(), since, after),
    readHint: (rawBody, signature) => readHint(options, rawBody, signature),
  };
}

async function createSession(
  stripe: Stripe,
  order: Parameters<PaymentService['createSession']>[0],
  returnUrl: string,
  isLive: boolean,
): ReturnType<PaymentService['createSession']> {
  // On both the session and the intent, because a session's metadata isn't copied to the charge and its disputes.
  const metadata = { order: order.id, accountId: order.accountId, microCredits: String(order.credits) };
  const wanted: Stripe.Checkout.SessionCreateParams = {
    mode: 'payment',
    client_reference_id: order.id,
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: TOP_UP_CURRENCY,
          unit_amount: order.amountCents,
          tax_behavior: 'exclusive',
          product_data: { name: `igskill credit: ${order.credits.toLocaleString('en-US')} micro-credits` },
        },
      },
    ],
    metadata,
    payment_intent_data: { metadata },
    allowed_payment_method_types: ['card'],
    // Otherwise a dashboard setting could change the currency of the amount.
    adaptive_pricing: { enabled: false },
    success_url: `${returnUrl}?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${returnUrl}?cancelled=true`,
    expires_at: Math.floor(order.expiresAt / 1_000),
  };
  const made = await request(() => stripe.rawRequest('POST', SESSIONS, { ...wanted }, { idempotencyKey: `topup:${order.id}` }));
  if (!made.ok) return made;
  const session = Payable.safeParse(made.value);
  if (!session.success) return err({ kind: 'unreadable' });
  if (session.data.livemode !== isLive) return err({ kind: 'refused' });
  return ok({ sessionId: session.data.id, url: session.data.url });
}

/**
 * Sessions are asked for below the library's methods. Those convert decimal fields that nothing here uses, and throw at one that is no
 * number: a paid session would never be credited, and a page of sessions with it never be read.
 */
const SESSIONS = '/v1/checkout/sessions';

function askSessions(stripe: Stripe, path: string, query: Readonly<Record<string, string>>): Promise<Result<unknown, PaymentFailure>> {
  return request<unknown>(() => stripe.rawRequest('GET', `${SESSIONS}${path}?${new URLSearchParams(query).toString()}`));
}

const Payable = z.object({ id: z.string(), url: z.string(), livemode: z.boolean() });

const Page = z.object({ data: z.array(z.unknown()), has_more: z.boolean() });

const WithId = z.looseObject({ id: z.string() });

function withIds(sessions: readonly unknown[]): readonly z.infer<typeof WithId>[] {
  return sessions.flatMap((session) => {
    const { success, data } = WithId.safeParse(session);
    return success ? [data] : [];
  });
}

const Session = z.object({
  id: z.string(),
  livemode: z.boolean(),
  status: z.enum(['open', 'complete', 'expired']).nullable(),
  payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
  currency: z.string().nullable(),
  amount_subtotal: z.int().nullable(),
  amount_total: z.int().nullable(),
  metadata: z.record(z.string(), z.string()).nullable(),
  payment_intent: z.object({ id: z.string(), status: z.string() }).nullable(),
});

const Listed = Session.pick({ payment_status: true, metadata: true });

async function completedSessions(stripe: Stripe, since: number, after: string | null): ReturnType<PaymentService['completedSessions']> {
  const listed = await askSessions(stripe, '', {
    status: 'complete',
    'created[gte]': String(Math.floor(since / 1_000)),
    limit: String(PAGE_SIZE),
    ...(after === null ? {} : { starting_after: after }),
  });
  if (!listed.ok) return listed;
  // 404: Stripe doesn't know the session in `starting_after`.
  if (listed.value === null) return err({ kind: 'refused' });
  const page = Page.safeParse(listed.value);
  if (!page.success) return err({ kind: 'unreadable' });
  const sessions = withIds(page.data.data);
  return ok({
    sessions: sessions.map((session) => ({ sessionId: session.id, isPaidTopUp: isPaidTopUp(session) })),
    next: page.data.has_more ? (sessions.at(-1)?.id ?? null) : null,
  });
}

function isPaidTopUp(session: unknown): boolean | null {
  const { success, data } = Listed.safeParse(session);
  if (!success) return null;
  return data.payment_status === 'paid' && data.metadata?.['accountId'] !== undefined && data.metadata['microCredits'] !== undefined;
}

/**
 * Refunds that moved no money. Any other takes its credit back at once, also while it is `pending` or `requires_action`: credit that is about
 * to be refunded must not be spent meanwhile (docs.stripe.com/api/refunds/object).
 */
const UNDONE_REFUNDS: readonly string[] = ['failed', 'canceled'];

const Refunds = z.array(z.object({ amount: z.int().nonnegative(), status: z.string().nullable() }));
const Disputes = z.array(z.object({ amount: z.int().nonnegative(), status: z.string() }));

async function readFacts(stripe: Stripe, sessionId: string, isLive: boolean): ReturnType<PaymentService['facts']> {
  const found = await askSessions(stripe, `/${encodeURIComponent(sessionId)}`, { 'expand[0]': 'payment_intent' });
  if (!found.ok || found.value === null) return found.ok ? ok(null) : found;
  const parsed = Session.safeParse(found.value);
  if (!parsed.success) return err({ kind: 'unreadable' });
  const session = parsed.data;
  const reversals =
    session.payment_intent === null ? ok({ refunded: 0, disputed: 0 }) : await readReversals(stripe, session.payment_intent.id);
  if (!reversals.ok) return reversals;
  return ok({
    sessionId: session.id,
    intentId: session.payment_intent?.id ?? null,
    isWrongMode: session.livemode !== isLive,
    progress: progressOf(session),
    currency: session.currency,
    subtotalCents: session.amount_subtotal ?? 0,
    totalCents: session.amount_total ?? 0,
    refundedCents: reversals.value.refunded,
    disputedCents: reversals.value.disputed,
    metadata: {
      order: session.metadata?.['order'] ?? null,
      accountId: session.metadata?.['accountId'] ?? null,
      microCredits: session.metadata?.['microCredits'] ?? null,
    },
  });
}

function progressOf({ status, payment_status: payment, payment_intent: intent }: z.infer<typeof Session>): PaymentFacts['progress'] {
  if (status === 'expired') return 'expired';
  if (payment === 'paid') return 'paid';
  // A delayed payment method that failed leaves the session complete and unpaid forever.
  const hasFailed = intent?.status === 'canceled' || intent?.status === 'requires_payment_method';
  return status === 'complete' && hasFailed ? 'failed' : 'open';
}

async function readReversals(
  stripe: Stripe,
  intentId: string,
): Promise<Result<{ readonly refunded: number; readonly disputed: number }, PaymentFailure>> {
  const filter = { payment_intent: intentId, limit: PAGE_SIZE };
  const [refunds, disputes] = await Promise.all([
    request(() => stripe.refunds.list(filter).autoPagingToArray({ limit: MAX_REVERSALS })),
    request(() => stripe.disputes.list(filter).autoPagingToArray({ limit: MAX_REVERSALS })),
  ]);
  if (!refunds.ok) return refunds;
  if (!disputes.ok) return disputes;
  const [refunded, disputed] = [Refunds.safeParse(refunds.value), Disputes.safeParse(disputes.value)];
  if (!refunded.success || !disputed.success) return err({ kind: 'unreadable' });
  const sum = (rows: readonly { readonly amount: number }[]) => rows.reduce((total, row) => total + row.amount, 0);
  return ok({
    refunded: sum(refunded.data.filter((refund) => !UNDONE_REFUNDS.includes(refund.status ?? ''))),
    disputed: sum(disputed.data.filter((dispute) => !HARMLESS_DISPUTES.includes(dispute.status))),
  });
}

const Event = z.object({
  id: z.string(),
  type: z.string(),
  livemode: z.boolean(),
  data: z.object({
    object: z.object({ object: z.string(), id: z.string().optional(), payment_intent: z.unknown().optional() }),
  }),
});

async function readHint(options: StripeOptions, rawBody: string, signature: string): ReturnType<PaymentService['readHint']> {
  const given = await verified(options, rawBody, signature);
  if (!given.ok) return given;
  const event = Event.safeParse(given.value);
  // Correctly signed, but of a shape that can't concern a top-up.
  if (!event.success) return ok({ id: '', type: 'unknown', objectId: '', isWrongMode: false, about: null });
  const { id, type, livemode } = event.data;
  const { object } = event.data.data;
  const isWrongMode = livemode !== (options.mode === 'live');
  return ok({ id, type, objectId: object.id ?? '', isWrongMode, about: subjectOf(type, object) });
}

/** The event that one of the secrets signed. Stripe's library compares signatures in constant time. */
async function verified(
  { webhookSecrets, clock }: StripeOptions,
  rawBody: string,
  signature: string,
): Promise<Result<unknown, { readonly kind: 'bad_signature' }>> {
  const provider = Stripe.createSubtleCryptoProvider();
  for (const secret of webhookSecrets) {
    try {
      return ok(await Stripe.webhooks.constructEventAsync(rawBody, signature, secret, SIGNATURE_TOLERANCE_SECONDS, provider, clock()));
    } catch {
      // Signed with another secret, or not at all.
    }
  }
  return err({ kind: 'bad_signature' });
}

/** Identifies sessions by id; refunds, charges and disputes by their intent. Other events don't concern top-ups. */
function subjectOf(type: string, object: z.infer<typeof Event>['data']['object']): PaymentHint['about'] {
  if (type.startsWith('checkout.session.')) return object.id === undefined ? null : { sessionId: object.id };
  if (type !== 'charge.refunded' && !type.startsWith('refund.') && !type.startsWith('charge.dispute.')) return null;
  return typeof object.payment_intent === 'string' ? { intentId: object.payment_intent } : null;
}

/** Sends one request to Stripe; null on 404. What the library throws when it cannot read an answer becomes `unreadable`. */
async function request<T>(send: () => Promise<T>): Promise<Result<T | null, PaymentFailure>> {
  try {
    return ok(await send());
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) return err({ kind: 'unreadable' });
    const { statusCode } = error;
    if (statusCode === 404) return ok(null);
    const isTheirs = statusCode === undefined || statusCode >= 500 || statusCode === 429 || statusCode === 409;
    return err({ kind: isTheirs ? 'unavailable' : 'refused' });
  }
}
