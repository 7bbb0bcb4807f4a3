import type { InStatement } from '@libsql/client/web';
import type { Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Outcome } from './batch.ts';
import type { LedgerCall } from './commands.ts';

/** The queue, or the account's share of it, is full: nothing was sent, and nothing will be. `retryAfterSeconds` is at least 1. */
export type Busy = { readonly kind: 'busy'; readonly retryAfterSeconds: number };

/** A bug: the database refused a statement with an SQLite error and changed nothing, or its response could not be read. */
export type Refused = { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Why a call has no outcome. After `unreachable` it may have been carried out or may be later; repeating it is harmless. */
export type WriteFailure = Unreachable | Busy | Refused;

/** A result set that can be serialized: column names once, then each row as a list. */
export type PlainSet = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rowsAffected: number;
};

/** The single writer of one database: writes queue here, because waiting for the lock inside the database is far slower. */
export interface LedgerWriter {
  /** Carries a call out in one batch with others that are waiting. A refused call never affects another. */
  submit(call: LedgerCall): Promise<Result<Outcome, WriteFailure>>;
  /**
   * Carries out other statements as a batch of their own, in turn. They must be safe to repeat. `payer` is the account whose turn it takes;
   * without it they are the service's own.
   */
  run(statements: readonly InStatement[], payer?: string): Promise<Result<readonly PlainSet[], WriteFailure>>;
  /** Carries out an `undo` as soon as possible; a writer with storage also retries it after this has returned. Never rejects. */
  compensate(call: LedgerCall): Promise<void>;
}
