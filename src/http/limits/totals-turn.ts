import { authenticate } from '../auth/authenticate.ts';
import type { Refusal } from '../../errors.ts';
import type { AppContext } from '../context.ts';

/** Longer than the database is waited for. */
const LONGEST_MS = 6_000;

/**
 * Computes totals of an account unless others of it are being computed: then null. They read as many rows as the account has requests, past
 * the queue of the writer in which accounts take turns.
 */
export function totalsOnce<T>(c: AppContext, compute: () => Promise<T>): Promise<T | null> {
  const { rateLimits, service } = c.get('deps');
  const principal = authenticate(c);
  if (rateLimits === null || !service.ok || !principal.ok || principal.value.kind === 'operator') return compute();
  const owner = service.value.accounts.owners.known(principal.value.keyHash);
  if (owner === null) return compute();
  return rateLimits.leases.once(`totals:${owner.accountId}`, { longestMs: LONGEST_MS, pauseMs: 0 }, compute);
}

/** Refuses totals while others of the account are being computed. */
export const totalsInProgress: Refusal<'rate_limited'> = {
  code: 'rate_limited',
  message: 'Totals of this account are being computed already. Ask again when they are done.',
  retryAfterSeconds: 1,
};
