import { DAY_MS } from '../../core/clock.ts';
import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';

/** As the API description promises. */
export const IDEMPOTENCY_TTL_MS = DAY_MS;

/** The limit of the schema. A full batch of comments is a fifth of it. */
export const LARGEST_STORED_RESPONSE_CHARS = 2_000_000;

/** A response to be stored. `sealed` is null when it was too large to keep. */
export type StoredResponse = { readonly status: number; readonly sealed: string | null };

/** A stored response. `available` is the balance right after it; null where there was no account. */
export type ReplayableResponse = StoredResponse & { readonly requestId: string; readonly available: MicroCredits | null };

/** Why a request may not be performed: another one has claimed its Idempotency-Key. */
export type Claimed =
  | {
      readonly kind: 'replayed';
      readonly replay: ReplayableResponse;
      readonly accountId: Id<'acct'> | null;
      readonly availableNow: MicroCredits | null;
    }
  /** `until`: when the claim ends even if the first request never does. Unix milliseconds. */
  | { readonly kind: 'in_flight'; readonly until: number }
  | { readonly kind: 'mismatch' };

/** A request to be performed once. `scope` is the account, or 'signup' where there is none yet. */
export type IdempotentCall = {
  readonly scope: Id<'acct'> | 'signup';
  /** SHA-256 of the Idempotency-Key, 64 hex digits. */
  readonly digest: string;
  /** SHA-256 of what makes two requests the same, 64 hex digits. */
  readonly fingerprint: string;
  readonly requestId: Id<'req'>;
};

/** Stores responses by Idempotency-Key for requests that open no hold; paid reads claim and store within the ledger's own batches. */
export interface IdempotencyStore {
  /** Looks for an earlier request with the key and writes nothing. `free`: none stands in the way. */
  look(request: IdempotentCall): Promise<Result<'free', Claimed | { readonly kind: 'unreachable' }>>;
  /** Claims the key for `ttlMs`. After `unreachable` a claim may exist, but it ends by then. */
  claim(request: IdempotentCall, ttlMs: number): Promise<Result<'claimed', Claimed | { readonly kind: 'unreachable' }>>;
  /** Stores the response of a claimed request for a day. False when it could not be stored: a repeat would be performed anew. */
  keep(request: IdempotentCall, answer: StoredResponse): Promise<boolean>;
  /** Frees the key, so that a repeat is performed. A claim that cannot be removed expires. */
  drop(request: IdempotentCall): Promise<void>;
  /** Deletes up to `page` expired rows, of responses and of failures. */
  sweep(page: number): Promise<Result<{ readonly deleted: number }, { readonly kind: 'unreachable' }>>;
}
