import { type Clock, DAY_MS } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase, type Unreachable } from '../../db/call.ts';
import { endExpiredKeys } from './statements.ts';

/** Keeps one turn of the writer to a few milliseconds: every key is a row, an index entry less and two counters more. */
const PAGE = 200;

/** A mark is for good, and this job's clock may be ahead: a key is marked once every clock agrees that it has ended. */
const MARKED_AFTER_MS = DAY_MS;

/** Bounds one run, to 20,000 keys; the next run takes the rest. */
const MAX_PAGES = 100;

/**
 * Marks keys that expired a day ago, and the keys below them, as revoked at the time at which they ended, up to the limit of one run. They
 * are no longer counted as active, and lists show them last. Returns how many. `policy` is for tests.
 */
export async function endAllExpiredKeys(
  deps: { readonly client: Database; readonly clock: Clock; readonly policy?: CallPolicy },
  isOver: () => boolean = () => false,
): Promise<Result<{ readonly ended: number }, Unreachable>> {
  const { client, clock, policy = CALL_POLICY } = deps;
  let ended = 0;
  for (let page = 0; page < MAX_PAGES && !isOver(); page += 1) {
    const answer = await callDatabase(() => client.batch([endExpiredKeys(clock() - MARKED_AFTER_MS, PAGE)], 'write'), policy);
    if (!answer.ok) return answer;
    const changed = answer.value[0]?.rowsAffected ?? 0;
    ended += changed;
    if (changed === 0) break;
  }
  return ok({ ended });
}
