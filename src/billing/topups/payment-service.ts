import type { Result } from '../../core/result.ts';
import type { TopUp } from './top-ups.ts';

/** The present state of a session at the payment service. Never taken from an event, which may be outdated. */
export type PaymentFacts = {
  readonly sessionId: string;
  readonly intentId: string | null;
  /** The session is of the payment service's other mode: test money where credit is real, or the reverse. */
  readonly isWrongMode: boolean;
  /** `failed`: the payment attempt failed permanently. */
  readonly progress: 'open' | 'paid' | 'expired' | 'failed';
  readonly currency: string | null;
  /** Before tax, like the order's amount. */
  readonly subtotalCents: number;
  /** With tax, like refunds and disputes. */
  readonly totalCents: number;
  /** Sum of the refunds that neither failed nor were canceled. */
  readonly refundedCents: number;
  /** Sum of the open and lost disputes. */
  readonly disputedCents: number;
  /** Not trusted: anyone with access to the dashboard can change it. */
  readonly metadata: { readonly order: string | null; readonly accountId: string | null; readonly microCredits: string | null };
};

/**
 * `unavailable`: try again later. `refused`: our key or request is wrong, which only the operator can fix. `unreadable`: the service answered
 * something else than it documents about what was asked for.
 */
export type PaymentFailure = { readonly kind: 'unavailable' | 'refused' | 'unreadable' };

/** The used part of a signed event: a hint that this session or intent has changed. */
export type PaymentHint = {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  /** As in `PaymentFacts`. */
  readonly isWrongMode: boolean;
  /** Null for an event that doesn't concern a top-up. */
  readonly about: { readonly sessionId: string } | { readonly intentId: string } | null;
};

/**
 * A page of completed sessions. `isPaidTopUp`: the session is paid and has our metadata; null where the service describes it in a way that
 * cannot be read. `next`: the session behind which the next page starts, null after the last page.
 */
export type SessionPage = {
  readonly sessions: readonly { readonly sessionId: string; readonly isPaidTopUp: boolean | null }[];
  readonly next: string | null;
};

/** The payment service, as top-ups use it. */
export interface PaymentService {
  /** Creates the session of an order; a repeat for the same order returns the same session. A session of the wrong mode is `refused`. */
  createSession(
    order: Pick<TopUp, 'id' | 'accountId' | 'amountCents' | 'credits' | 'expiresAt'>,
    returnUrl: string,
  ): Promise<Result<{ readonly sessionId: string; readonly url: string }, PaymentFailure>>;
  /** Returns null for an unknown session. */
  facts(sessionId: string): Promise<Result<PaymentFacts | null, PaymentFailure>>;
  /** Returns the session of an intent; null for a payment that didn't come from our checkout. */
  sessionOfIntent(intentId: string): Promise<Result<string | null, PaymentFailure>>;
  /** Lists a page of completed sessions created since a time (unix milliseconds), newest first, starting behind the session `after`. */
  completedSessions(since: number, after: string | null): Promise<Result<SessionPage, PaymentFailure>>;
  /** Parses an event after verifying its signature over the raw body, and the signature's age. */
  readHint(rawBody: string, signature: string): Promise<Result<PaymentHint, { readonly kind: 'bad_signature' }>>;
}
