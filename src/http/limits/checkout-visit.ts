import { sha256Hex } from '../../core/sha256.ts';
import type { AppContext } from '../context.ts';

/** Longer than a check takes, with all its waits for the payment service. */
const LONGEST_CHECK_MS = 60_000;

/** How long an order that was just checked is shown as the database has it. */
const CHECKED_RECENTLY_MS = 5_000;

/** Checks a session unless a visit is checking it or has done so a moment ago: then null. Anybody who has the link can visit. */
export function checkOnce<T>(c: AppContext, sessionId: string, check: () => Promise<T>): Promise<T | null> {
  const { rateLimits } = c.get('deps');
  if (rateLimits === null) return check();
  const times = { longestMs: LONGEST_CHECK_MS, pauseMs: CHECKED_RECENTLY_MS };
  return rateLimits.leases.once(`checkout:${sha256Hex(sessionId)}`, times, check);
}
