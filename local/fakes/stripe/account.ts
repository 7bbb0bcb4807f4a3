import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/core/clock.ts';
import { err, ok, type Result } from '../../../src/core/result.ts';
import { type FormFields, textAt, textsAt } from './form.ts';
import type { Charge, Dispute, Intent, Refund, Refusal, Session } from './objects.ts';

const MINUTES = 60;
const HOURS = 60 * MINUTES;

/** Stripe's limits for a session's lifetime in seconds and an amount in cents. */
const SHORTEST_LIFE_SECONDS = 30 * MINUTES;
const LONGEST_LIFE_SECONDS = 24 * HOURS;
const SMALLEST_CENTS = 50;
const LARGEST_CENTS = 99_999_999;

/** The parameters of sessions since version 2026-09-30; the removed parameter is refused. */
const KNOWN = [
  'mode',
  'client_reference_id',
  'line_items',
  'metadata',
  'payment_intent_data',
  'allowed_payment_method_types',
  'adaptive_pricing',
  'automatic_tax',
  'success_url',
  'cancel_url',
  'expires_at',
  'expand',
];

/** A Stripe account in memory: purchases, payments, refunds and disputes. Reports every change to `emit`. */
export class StripeAccount {
  readonly sessions = new Map<string, Session>();
  readonly intents = new Map<string, Intent>();
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly disputes = new Map<string, Dispute>();
  readonly #clock: Clock;
  readonly #emit: (type: string, object: object) => void;

  constructor(clock: Clock, emit: (type: string, object: object) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  get now(): number {
    return Math.floor(this.#clock() / 1_000);
  }

  createSession(params: FormFields, origin: string): Result<Session, Refusal> {
    const refusal = this.#whyNoSession(params);
    if (refusal !== null) return err(refusal);
    const cents =
      Number(textAt(params, 'line_items', '0', 'price_data', 'unit_amount')) * Number(textAt(params, 'line_items', '0', 'quantity') ?? '1');
    const currency = textAt(params, 'line_items', '0', 'price_data', 'currency') ?? 'usd';
    const id = newId('cs_test', 40);
    const intent: Intent = {
      id: newId('pi', 16),
      object: 'payment_intent',
      created: this.now,
      livemode: false,
      amount: cents,
      currency,
      metadata: textsAt(params, 'payment_intent_data', 'metadata'),
      amount_received: 0,
      latest_charge: null,
      status: 'requires_payment_method',
    };
    const session: Session = {
      id,
      object: 'checkout.session',
      mode: 'payment',
      created: this.now,
      livemode: false,
      client_reference_id: textAt(params, 'client_reference_id') ?? null,
      metadata: textsAt(params, 'metadata'),
      success_url: textAt(params, 'success_url') ?? '',
      cancel_url: textAt(params, 'cancel_url') ?? null,
      expires_at: Number(textAt(params, 'expires_at') ?? this.now + LONGEST_LIFE_SECONDS),
      allowed_payment_method_types: Object.values(textsAt(params, 'allowed_payment_method_types')),
      customer_details: null,
      amount_subtotal: cents,
      amount_total: cents,
      currency,
      status: 'open',
      payment_status: 'unpaid',
      payment_intent: null,
      url: `${origin}/c/pay/${id}`,
    };
    this.sessions.set(id, session);
    this.#planned.set(id, intent);
    return ok(session);
  }

  readonly #planned = new Map<string, Intent>();

  #whyNoSession(params: FormFields): Refusal | null {
    const unknown = Object.keys(params).find((name) => !KNOWN.includes(name));
    if (unknown !== undefined) return invalid(`Received unknown parameter: ${unknown}`, unknown, 'parameter_unknown');
    if (textAt(params, 'mode') !== 'payment') return invalid('The fake supports only mode payment.', 'mode');
    if (textAt(params, 'success_url') === undefined) return invalid('Missing required param: success_url.', 'success_url');
    const cents = textAt(params, 'line_items', '0', 'price_data', 'unit_amount') ?? '';
    if (!/^\d+$/.test(cents)) return invalid(`Invalid integer: ${cents}`, 'line_items[0][price_data][unit_amount]');
    if (Number(cents) < SMALLEST_CENTS || Number(cents) > LARGEST_CENTS) {
      return invalid('The amount is outside what can be charged.', 'line_items[0][price_data][unit_amount]', 'amount_too_small');
    }
    const expiresAt = textAt(params, 'expires_at');
    const life = Number(expiresAt ?? this.now + LONGEST_LIFE_SECONDS) - this.now;
    if (!(life >= SHORTEST_LIFE_SECONDS && life <= LONGEST_LIFE_SECONDS)) {
      return invalid('The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.', 'expires_at');
    }
    return null;
  }

  /** A buyer's action on the page. A declined card leaves the session open. */
  pay(session: Session, how: 'pay' | 'decline' | 'delayed'): Result<Session, Refusal> {
    this.#expireInTime(session);
    if (session.status !== 'open') return err(invalid(`This session is ${session.status}.`));
    const intent = this.#intentOf(session);
    if (how === 'decline') {
      this.#emit('payment_intent.payment_failed', intent);
      return err({ status: 402, type: 'card_error', message: 'Your card was declined.', code: 'card_declined' });
    }
    session.status = 'complete';
    session.url = null;
    session.payment_intent = intent.id;
    if (how === 'pay') this.#succeed(session, intent);
    else intent.status = 'processing';
    this.#emit('checkout.session.completed', session);
    return ok(session);
  }

  /** Completes or fails a delayed payment. */
  finishDelayed(session: Session, hasWorked: boolean): void {
    const intent = this.#intentOf(session);
    if (hasWorked) this.#succeed(session, intent);
    else intent.status = 'requires_payment_method';
    this.#emit(`checkout.session.async_payment_${hasWorked ? 'succeeded' : 'failed'}`, session);
  }

  expire(session: Session): Result<Session, Refusal> {
    if (session.status !== 'open') return err(invalid(`Only Checkout Sessions with a status in ["open"] can be expired.`));
    session.status = 'expired';
    session.url = null;
    this.#emit('checkout.session.expired', session);
    return ok(session);
  }

  refund(
    intentId: string,
    cents: number | null,
    status: Refund['status'] = 'succeeded',
    reason: string | null = null,
  ): Result<Refund, Refusal> {
    const charge = this.#chargeOf(intentId);
    if (charge === null) return err(invalid('This PaymentIntent does not have a successful charge to refund.', 'payment_intent'));
    const left = charge.amount - charge.amount_refunded;
    const amount = cents ?? left;
    if (left === 0) return err(invalid(`Charge ${charge.id} has already been refunded.`, 'charge', 'charge_already_refunded'));
    if (!(amount >= 1 && amount <= left)) return err(invalid('Refund amount is greater than unrefunded amount on charge', 'amount'));
    const { id, currency } = charge;
    const refund: Refund = {
      id: newId('re', 16),
      object: 'refund',
      created: this.now,
      amount,
      currency,
      charge: id,
      payment_intent: intentId,
      reason,
      status,
    };
    this.refunds.set(refund.id, refund);
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount;
    this.#emit('refund.created', refund);
    this.#emit('charge.refunded', charge);
    return ok(refund);
  }

  /** Moves a refund to another status. One that failed or was canceled returns its amount to the charge. */
  setRefundStatus(refund: Refund, status: Refund['status']): void {
    refund.status = status;
    const charge = this.charges.get(refund.charge);
    if ((status === 'failed' || status === 'canceled') && charge !== undefined) {
      charge.amount_refunded -= refund.amount;
      charge.refunded = false;
    }
    this.#emit(status === 'failed' ? 'refund.failed' : 'refund.updated', refund);
  }

  dispute(intentId: string, cents: number | null): Result<Dispute, Refusal> {
    const charge = this.#chargeOf(intentId);
    if (charge === null) return err(invalid('There is no charge to dispute.', 'payment_intent'));
    const dispute: Dispute = {
      id: newId('du', 16),
      object: 'dispute',
      created: this.now,
      livemode: false,
      amount: cents ?? charge.amount,
      currency: charge.currency,
      charge: charge.id,
      payment_intent: intentId,
      reason: 'fraudulent',
      status: 'needs_response',
    };
    this.disputes.set(dispute.id, dispute);
    charge.disputed = true;
    this.#emit('charge.dispute.created', dispute);
    this.#emit('charge.dispute.funds_withdrawn', dispute);
    return ok(dispute);
  }

  closeDispute(dispute: Dispute, status: 'won' | 'lost'): void {
    dispute.status = status;
    if (status === 'won') this.#emit('charge.dispute.funds_reinstated', dispute);
    this.#emit('charge.dispute.closed', dispute);
  }

  #succeed(session: Session, intent: Intent): void {
    const { amount, currency, metadata } = intent;
    const charge: Charge = {
      id: newId('ch', 16),
      object: 'charge',
      created: this.now,
      livemode: false,
      amount,
      currency,
      metadata,
      payment_intent: intent.id,
      paid: true,
      status: 'succeeded',
      amount_refunded: 0,
      refunded: false,
      disputed: false,
    };
    this.charges.set(charge.id, charge);
    intent.status = 'succeeded';
    intent.amount_received = amount;
    intent.latest_charge = charge.id;
    session.payment_status = 'paid';
    this.#emit('payment_intent.succeeded', intent);
    this.#emit('charge.succeeded', charge);
  }

  #intentOf(session: Session): Intent {
    const intent = this.#planned.get(session.id);
    if (intent === undefined) throw new Error('a session has no intent');
    this.intents.set(intent.id, intent);
    return intent;
  }

  #chargeOf(intentId: string): Charge | null {
    return this.charges.get(this.intents.get(intentId)?.latest_charge ?? '') ?? null;
  }

  #expireInTime(session: Session): void {
    if (session.status === 'open' && session.expires_at <= this.now) this.expire(session);
  }
}

export function invalid(message: string, param?: string, code?: string): Refusal {
  return {
    status: 400,
    type: 'invalid_request_error',
    message,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  };
}

function newId(prefix: string, bytes: number): string {
  return `${prefix}_${randomBytes(bytes).toString('hex')}`;
}
