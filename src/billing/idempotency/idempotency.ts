import { DAY_MS } from '../../core/clock.ts';
import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';

/** How long an Idempotency-Key is remembered: a day, as callers are told. Milliseconds. */
export const REPLAY_TTL_MS = DAY_MS;

/** The largest sealed answer that is kept; the schema's own limit. A full batch of comments is a fifth of it. Characters. */
export const LARGEST_KEPT_ANSWER_CHARS = 2_000_000;

/** An answer on its way into memory. `sealed` is null when it was too large to keep: then only the fact is remembered. */
export type KeptAnswer = { readonly status: number; readonly sealed: string | null };

/** A remembered answer. `available` is what the account could spend right after it; null where it had no account. */
export type Replay = KeptAnswer & { readonly requestId: string; readonly available: MicroCredits | null };

/** What another request with this Idempotency-Key left behind. */
export type Claimed =
  | {
      readonly kind: 'replayed';
      readonly replay: Replay;
      readonly accountId: Id<'acct'> | null;
      readonly availableNow: MicroCredits | null;
    }
  /** `until`: when a new attempt may be made even if nothing more is heard of the first, unix milliseconds. */
  | { readonly kind: 'in_flight'; readonly until: number }
  | { readonly kind: 'mismatch' };

/** A request that wants to be carried out once. `scope` is the account, or 'signup' where there is none yet. */
export type OnceRequest = {
  readonly scope: Id<'acct'> | 'signup';
  /** SHA-256 of the Idempotency-Key, 64 hex digits. */
  readonly digest: string;
  /** SHA-256 of what makes two requests the same, 64 hex digits. */
  readonly fingerprint: string;
  readonly requestId: Id<'req'>;
};

/** The memory of requests that move no hold; paid reads have theirs inside the ledger's own batches. */
export interface Replays {
  /** Claims the key for `ttlMs`. An error of kind `unreachable` claimed nothing that outlives the time. */
  claim(request: OnceRequest, ttlMs: number): Promise<Result<'claimed', Claimed | { readonly kind: 'unreachable' }>>;
  /** Remembers the answer of a claimed request for a day. False when it could not be kept, and a repeat would be carried out anew. */
  keep(request: OnceRequest, answer: KeptAnswer): Promise<boolean>;
  /** Forgets a claim, so that a repeat may try anew. What can't be forgotten ends with its time. */
  drop(request: OnceRequest): Promise<void>;
  /** Deletes up to `page` rows whose time is over, of answers and of failures; returns how many. */
  sweep(page: number): Promise<Result<{ readonly deleted: number }, { readonly kind: 'unreachable' }>>;
}
