import type { LookRefusal, Seen } from '../../billing/usage/usage.ts';
import type { Refusal } from '../../errors.ts';
import { identityRefusal, scopeRefusal } from '../../errors/from-database.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { authenticate } from './authenticate.ts';
import type { AppContext } from '../context.ts';
import { recordCredits } from '../middleware/credit-headers.ts';

/**
 * Runs a query about the account of the key that sent the request; the query itself proves the key, which saves a round trip to the
 * database. Null for the operator, who has no account.
 */
export async function readOwnAccount<T>(
  c: AppContext,
  look: (keyHash: string) => Promise<Result<Seen<T>, LookRefusal>>,
): Promise<Result<T | null, Refusal<'unauthorized' | 'forbidden' | 'overloaded'>>> {
  const principal = authenticate(c);
  if (!principal.ok) return principal;
  c.get('event').role = principal.value.kind;
  c.header('Cache-Control', 'no-store');
  if (principal.value.kind === 'operator') return ok(null);
  const seen = await look(principal.value.keyHash);
  if (!seen.ok) return err(seen.error.kind === 'scope_missing' ? scopeRefusal(seen.error) : identityRefusal(seen.error));
  c.get('event').accountId = seen.value.accountId;
  recordCredits(c, seen.value.available);
  return ok(seen.value.value);
}
