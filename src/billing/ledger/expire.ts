import type { Id } from '../../core/ids.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { walkRows } from '../../core/walk-rows.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Ledger } from './ledger.ts';
import { MAX_EXPIRE_PAGE } from './libsql-ledger.ts';
import type { IdempotencyStore } from '../idempotency/idempotency.ts';

/** Bounds one run; the next run takes the rest. */
const MAX_EXPIRE_PAGES = 20;

/** Holds given back one by one after a page was refused. Each is a request of its own, of which a run of the cron has 1,000. */
const MAX_ONE_BY_ONE = 100;

/** `failed` holds could not be given back. */
type Expired = { readonly expired: number; readonly failed: number };

/**
 * Expires overdue holds page by page, up to the limit of one run or until `isOver`. Where the database refuses a page, as for a hold whose
 * account was damaged, its first holds are released one by one, and only those that are refused alone stay open.
 */
export async function expireAll(ledger: Ledger, isOver: () => boolean): Promise<Result<Expired, Unreachable>> {
  let expired = 0;
  for (let page = 0; page < MAX_EXPIRE_PAGES && !isOver(); page += 1) {
    const swept = await expirePage(ledger, isOver);
    if (!swept.ok) return swept;
    expired += swept.value.expired;
    // The next page would begin with the holds that failed.
    if (swept.value.failed > 0) return ok({ expired, failed: swept.value.failed });
    if (swept.value.expired < MAX_EXPIRE_PAGE) break;
  }
  return ok({ expired, failed: 0 });
}

async function expirePage(ledger: Ledger, isOver: () => boolean): Promise<Result<Expired, Unreachable>> {
  try {
    const swept = await ledger.expireHolds(MAX_EXPIRE_PAGE);
    return swept.ok ? ok({ ...swept.value, failed: 0 }) : swept;
  } catch {
    return releaseOneByOne(ledger, isOver);
  }
}

async function releaseOneByOne(ledger: Ledger, isOver: () => boolean): Promise<Result<Expired, Unreachable>> {
  const overdue = await ledger.overdueHolds(MAX_ONE_BY_ONE);
  if (!overdue.ok) return overdue;
  const releaseNext = async (id: Id<'req'>) => ((await ledger.release(id, 'expired')).ok ? 'done' : 'down');
  const { done, failed, isDown } = await walkRows(overdue.value, releaseNext, isOver);
  return isDown ? err({ kind: 'unreachable' }) : ok({ expired: done, failed });
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
