import type { InStatement } from '@libsql/client/web';
import type { Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Found } from './batch.ts';
import type { LedgerCall } from './commands.ts';

/** More is waiting than can be written in time: nothing was sent, and nothing of it will be. `retryAfterSeconds` is at least 1. */
export type Busy = { readonly kind: 'busy'; readonly retryAfterSeconds: number };

/** A bug of ours: the database refused a statement, in words of SQLite, and carried nothing of it out; or its answer makes no sense. */
export type Refused = { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Why a call has no outcome. After `unreachable` it may have been carried out or may yet be: only its id makes a repeat harmless. */
export type WriteFailure = Unreachable | Busy | Refused;

/** Rows as they travel: the columns once, then each row as a list. */
export type PlainSet = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rowsAffected: number;
};

/** Whoever writes to the ledger. All writes of one database go through one of these, so that they wait for each other here and not there. */
export interface LedgerWriter {
  /** Carries a call out together with all that wait. Each has its own outcome: one that is refused never touches another. */
  submit(call: LedgerCall): Promise<Result<Found, WriteFailure>>;
  /** Carries other statements out as one batch of their own, in turn. They must be harmless to repeat. */
  run(statements: readonly InStatement[]): Promise<Result<readonly PlainSet[], WriteFailure>>;
  /** Carries an `undo` out as soon as it can be, also after this has returned where the writer can remember it. Never rejects. */
  abandon(call: LedgerCall): Promise<void>;
}
