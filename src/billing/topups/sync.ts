import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { MICRO_CREDITS_PER_USD, microCredits, ZERO } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { PaymentFacts, PaymentFailure, PaymentHint, PaymentService } from './payment-service.ts';
import { targetOf } from './credited-amount.ts';
import { LARGEST_TOP_UP, MICRO_CREDITS_PER_CENT, SMALLEST_TOP_UP, TOP_UP_CURRENCY, type TopUp, type TopUps } from './top-ups.ts';

const minutes = 60 * 1_000;
const hours = 60 * minutes;
const days = 24 * hours;

/** Each lost race means that another check made progress; the webhook or the cron repeats this one later. */
const MAX_ROUNDS = 12;

/** Conditions that an operator has to check. Alerts watch the log lines that carry them. */
export type TopUpAlarm =
  | 'top_up_mode_mismatch'
  | 'top_up_amount_mismatch'
  | 'top_up_currency_mismatch'
  | 'top_up_limit_reached'
  | 'top_up_unknown_order'
  | 'top_up_session_missing'
  | 'top_up_check_failed'
  | 'payment_service_refused';

/** The result of a check. `order` is null if the payment isn't one of our top-ups. */
export type Checked = { readonly order: TopUp | null; readonly alarm: TopUpAlarm | null };

/** Why a check failed. `contended`: other checks of the same order kept winning. */
export type CheckFailure = Unreachable | PaymentFailure | { readonly kind: 'contended' };

/** Returns what an operator has to check after a check failed; null for what passes by itself. */
export function failureAlarm({ kind }: { readonly kind: string }): TopUpAlarm | null {
  if (kind === 'refused') return 'payment_service_refused';
  return kind === 'unreadable' ? 'top_up_check_failed' : null;
}

/** Does the work, or returns null where somebody else is doing it or has just done it. */
export type AskOnce = <T>(work: () => Promise<T>) => Promise<T | null>;

/** Synchronizes the ledger with the payment service. Every call may be repeated at any time, also concurrently. */
export interface TopUpCheck {
  /** For a signed event, or a session found by the cron. Only the present state counts, not what the event said. */
  byHint(hint: Pick<PaymentHint, 'about'>): Promise<Result<Checked, CheckFailure>>;
  /**
   * For a buyer's return from checkout, which needs no key: asks the payment service only about sessions of known orders, and only by way of
   * `ask`, which may return null instead. Then the order is as the database has it. Writes nothing where nothing has changed.
   */
  bySession(sessionId: string, ask?: AskOnce): Promise<Result<Checked, CheckFailure>>;
  /** For an order that is due for a check, by its id. */
  byOrder(id: string): Promise<Result<Checked, CheckFailure>>;
}

type CheckDeps = { readonly topUps: TopUps; readonly payments: PaymentService; readonly clock: Clock; readonly ids: Ids };

/**
 * Creates the check: read the order's revision, ask for the present state of the payment, compute the target, compare and set. Because the
 * state is read after the revision, each winner has seen at least what the previous winner saw; a loser starts again.
 */
export function createTopUpCheck(deps: CheckDeps): TopUpCheck {
  return {
    async bySession(sessionId, ask = (work) => work()) {
      const order = await deps.topUps.find({ sessionId });
      if (!order.ok) return order;
      const { value } = order;
      const checked = value === null ? null : await ask(() => syncVisited(deps, value, sessionId));
      return checked ?? ok({ order: value, alarm: null });
    },
    byOrder: (id) => syncOrder(deps, id),
    async byHint(hint) {
      if (hint.about === null) return ok({ order: null, alarm: null });
      const order = await deps.topUps.find(hint.about);
      if (!order.ok) return order;
      if (order.value !== null) return syncOrder(deps, order.value.id);
      if ('sessionId' in hint.about) return adopt(deps, hint.about.sessionId);
      // The event of a refund may arrive before that of the payment, so the intent may not be known yet.
      const sessionId = await deps.payments.sessionOfIntent(hint.about.intentId);
      if (!sessionId.ok) return sessionId;
      if (sessionId.value === null) return ok({ order: null, alarm: null });
      const known = await deps.topUps.find({ sessionId: sessionId.value });
      if (!known.ok) return known;
      return known.value === null ? adopt(deps, sessionId.value) : syncOrder(deps, known.value.id);
    },
  };
}

async function syncOrder(deps: CheckDeps, id: string, session: string | null = null): Promise<Result<Checked, CheckFailure>> {
  const { topUps, payments, clock } = deps;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const found = await topUps.find({ id });
    if (!found.ok) return found;
    const order = found.value;
    if (order === null) return ok({ order: null, alarm: null });
    const sessionId = order.sessionId ?? session;
    if (sessionId === null) return withoutSession(deps, order);
    const facts = await payments.facts(sessionId);
    if (!facts.ok) return facts;
    if (facts.value === null) return missing(deps, order);
    const { target, state, alarm } = targetOf(order, facts.value);
    const nextCheckAt = nextCheck({ ...order, state }, clock());
    const applied = await topUps.apply({
      id: order.id,
      rev: order.rev,
      target,
      state,
      sessionId,
      intentId: facts.value.intentId,
      nextCheckAt,
    });
    if (!applied.ok) return applied;
    switch (applied.value) {
      case 'applied':
        return ok({ order: { ...order, target, state, sessionId }, alarm });
      case 'refused':
        await topUps.postpone([id], clock() + days);
        return ok({ order, alarm: 'top_up_limit_reached' });
      case 'lost':
        break;
    }
  }
  return err({ kind: 'contended' });
}

/**
 * Looks at the payment before anything is written. Skipping the write is safe because a visit reports no event: whatever changed the payment
 * is reported by its webhook or found by the cron, whose checks always write.
 */
async function syncVisited(deps: CheckDeps, order: TopUp, sessionId: string): Promise<Result<Checked, CheckFailure>> {
  const facts = await deps.payments.facts(sessionId);
  if (!facts.ok) return facts;
  if (facts.value === null) return ok({ order, alarm: 'top_up_session_missing' });
  const { target, state, alarm } = targetOf(order, facts.value);
  const intentId = facts.value.intentId ?? order.intentId;
  const isAsBefore = target === order.target && state === order.state && intentId === order.intentId;
  return isAsBefore ? ok({ order, alarm }) : syncOrder(deps, order.id);
}

/** An order without a session can't be paid; it expires at its time. */
async function withoutSession({ topUps, clock }: CheckDeps, order: TopUp): Promise<Result<Checked, CheckFailure>> {
  if (clock() < order.expiresAt) return ok({ order, alarm: null });
  const closing = {
    id: order.id,
    rev: order.rev,
    target: ZERO,
    state: 'expired',
    sessionId: null,
    intentId: null,
    nextCheckAt: null,
  } as const;
  const applied = await topUps.apply(closing);
  return applied.ok ? ok({ order: { ...order, state: 'expired' }, alarm: null }) : applied;
}

/** The payment service doesn't know our session, most likely because the key belongs to another account. No money moves. */
async function missing({ topUps, clock }: CheckDeps, order: TopUp): Promise<Result<Checked, CheckFailure>> {
  const postponed = await topUps.postpone([order.id], clock() + days);
  return postponed.ok ? ok({ order, alarm: 'top_up_session_missing' }) : postponed;
}

/**
 * Schedules the next check, because webhooks can be lost: unpaid orders after ten minutes, then each time they are twice as old, and once
 * they have ended; paid ones every six hours while the payment service would still repeat its events, then weekly for as long as a card
 * payment can be disputed.
 */
function nextCheck(order: TopUp, now: number): number | null {
  const age = now - order.createdAt;
  switch (order.state) {
    case 'expired':
    case 'failed':
      return null;
    case 'open': {
      // A delayed payment method can take days.
      const later = now + Math.min(days, Math.max(10 * minutes, age));
      if (now < order.expiresAt) return Math.min(later, order.expiresAt + minutes);
      return age < 180 * days ? later : null;
    }
    case 'paid':
    case 'partly_refunded':
    case 'refunded':
    case 'disputed':
    case 'under_review':
      if (age < 4 * days) return now + 6 * hours;
      return age < 180 * days ? now + 7 * days : null;
  }
}

/**
 * Handles a session that no order has. It is adopted if its metadata names an order without a session, or an account and the amount that
 * was paid; otherwise an operator has to check. Metadata is only compared, never trusted.
 */
async function adopt(deps: CheckDeps, sessionId: string): Promise<Result<Checked, CheckFailure>> {
  const asked = await deps.payments.facts(sessionId);
  if (!asked.ok) return asked;
  const facts = asked.value;
  // The same Stripe account may sell other things.
  if (facts === null || facts.metadata.accountId === null || facts.metadata.microCredits === null) return ok({ order: null, alarm: null });
  if (facts.isWrongMode) return ok({ order: null, alarm: 'top_up_mode_mismatch' });
  const named = facts.metadata.order === null ? ok(null) : await deps.topUps.find({ id: facts.metadata.order });
  if (!named.ok) return named;
  if (named.value !== null) {
    const isLate = named.value.sessionId === null && named.value.accountId === facts.metadata.accountId;
    return isLate ? syncOrder(deps, named.value.id, sessionId) : ok({ order: null, alarm: 'top_up_unknown_order' });
  }
  if (facts.progress !== 'paid') return ok({ order: null, alarm: null });
  const claimed = claimOf(facts);
  if (claimed === null) return ok({ order: null, alarm: 'top_up_unknown_order' });
  const order = await deps.topUps.adopt({ id: deps.ids('pay'), sessionId, ...claimed });
  if (order.ok) return syncOrder(deps, order.value.id);
  return order.error.kind === 'unknown_account' ? ok({ order: null, alarm: 'top_up_unknown_order' }) : err(order.error);
}

/** Returns what the metadata says was bought, if it matches what was paid. */
function claimOf({ metadata, currency, subtotalCents }: PaymentFacts): Pick<TopUp, 'accountId' | 'amountCents' | 'credits'> | null {
  const account = /^acct_(\w{1,64})$/.exec(metadata.accountId ?? '')?.[1];
  const claimed = /^\d{1,13}$/.test(metadata.microCredits ?? '') ? Number(metadata.microCredits) : 0;
  const isPaid = currency === TOP_UP_CURRENCY && claimed === subtotalCents * MICRO_CREDITS_PER_CENT;
  if (account === undefined || !isPaid || topUpProblem(claimed) !== null) return null;
  return { accountId: `acct_${account}`, amountCents: subtotalCents, credits: microCredits(claimed) };
}

/** Returns why an amount of micro-credits can't be bought, as a sentence for the caller; null if it can. */
export function topUpProblem(amount: number): string | null {
  if (amount < SMALLEST_TOP_UP)
    return `The smallest top-up is ${SMALLEST_TOP_UP} micro-credits (US$${SMALLEST_TOP_UP / MICRO_CREDITS_PER_USD}).`;
  if (amount > LARGEST_TOP_UP)
    return `The largest top-up is ${LARGEST_TOP_UP} micro-credits (US$${LARGEST_TOP_UP / MICRO_CREDITS_PER_USD}).`;
  if (amount % MICRO_CREDITS_PER_CENT !== 0) return `Top-ups are in whole cents: a multiple of ${MICRO_CREDITS_PER_CENT} micro-credits.`;
  return null;
}
