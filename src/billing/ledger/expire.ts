import { ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Ledger } from './ledger.ts';
import { MAX_EXPIRE_PAGE } from './libsql-ledger.ts';
import type { IdempotencyStore } from '../idempotency/idempotency.ts';

/** Bounds one run; the next run takes the rest. */
const MAX_EXPIRE_PAGES = 20;

/** Expires overdue holds page by page, up to the limit of one run or until `isOver`. Returns how many. */
export async function expireAll(ledger: Ledger, isOver: () => boolean): Promise<Result<{ readonly expired: number }, Unreachable>> {
  let expired = 0;
  for (let page = 0; page < MAX_EXPIRE_PAGES && !isOver(); page += 1) {
    const swept = await ledger.expireHolds(MAX_EXPIRE_PAGE);
    if (!swept.ok) return swept;
    expired += swept.value.expired;
    if (swept.value.expired < MAX_EXPIRE_PAGE) break;
  }
  return ok({ expired });
}

/** Deletes expired stored responses and failure counts page by page, up to the limit of one run or until `isOver`. Returns how many rows. */
export async function forgetAll(
  replays: IdempotencyStore,
  isOver: () => boolean,
): Promise<Result<{ readonly deleted: number }, Unreachable>> {
  let deleted = 0;
  for (let page = 0; page < MAX_EXPIRE_PAGES && !isOver(); page += 1) {
    const swept = await replays.sweep(MAX_EXPIRE_PAGE);
    if (!swept.ok) return swept;
    deleted += swept.value.deleted;
    if (swept.value.deleted === 0) break;
  }
  return ok({ deleted });
}
