import type { Result } from '../../core/result.ts';
import type { TopUp } from './top-ups.ts';

/** What the payment service says about a session now, in cents. Never what an event said: that may be old. */
export type PaymentFacts = {
  readonly sessionId: string;
  readonly intentId: string | null;
  /** `failed`: what the buyer tried has failed for good. */
  readonly progress: 'open' | 'paid' | 'expired' | 'failed';
  readonly currency: string | null;
  /** Before tax: what the order asked for. */
  readonly subtotalCents: number;
  /** With tax: what refunds and disputes are parts of. */
  readonly totalCents: number;
  /** Sum of the refunds that went through. */
  readonly refundedCents: number;
  /** Sum of the disputes that are open or lost. */
  readonly disputedCents: number;
  /** The metadata, as text; anyone with the dashboard can change it. */
  readonly metadata: { readonly order: string | null; readonly accountId: string | null; readonly microCredits: string | null };
};

/** `unavailable`: try again later. `refused`: our key or our request is wrong, and only the operator can help. */
export type PaymentFailure = { readonly kind: 'unavailable' } | { readonly kind: 'refused' };

/** A signed event, as far as it is used: a hint that something about this session or intent has changed. */
export type PaymentHint = {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  /** Null for an event that says nothing about a top-up. */
  readonly about: { readonly sessionId: string } | { readonly intentId: string } | null;
};

/** Stripe, as top-ups need it. */
export interface PaymentService {
  /** Makes the session of an order; asking again for the same order gives the same session. */
  createSession(
    order: Pick<TopUp, 'id' | 'accountId' | 'amountCents' | 'credits' | 'expiresAt'>,
    returnUrl: string,
  ): Promise<Result<{ readonly sessionId: string; readonly url: string }, PaymentFailure>>;
  /** Null for a session that it doesn't know. */
  facts(sessionId: string): Promise<Result<PaymentFacts | null, PaymentFailure>>;
  /** The session that an intent belongs to, or null: a payment that no checkout of ours asked for. */
  sessionOfIntent(intentId: string): Promise<Result<string | null, PaymentFailure>>;
  /**
   * A page of the sessions that were made since a time (unix milliseconds) and completed, newest first, behind the session `after`.
   * `isPaidTopUp`: paid, and it has our metadata.
   */
  completedSessions(
    since: number,
    after: string | null,
  ): Promise<
    Result<
      { readonly sessions: readonly { readonly sessionId: string; readonly isPaidTopUp: boolean }[]; readonly hasMore: boolean },
      PaymentFailure
    >
  >;
  /** Verifies the signature over the raw body, and its age. */
  readHint(rawBody: string, signature: string): Promise<Result<PaymentHint, { readonly kind: 'bad_signature' }>>;
}
