import type { Membership } from '../../billing/accounts/accounts.ts';
import { type KeyScope, missingScope } from '../../billing/keys/limits.ts';
import type { Refusal } from '../../errors.ts';
import { identityRefusal, scopeRefusal } from '../../errors/from-database.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { authenticate } from './authenticate.ts';
import type { AppContext } from '../context.ts';
import { recordCredits } from '../middleware/credit-headers.ts';

export const IDENTITY_ERRORS = ['unauthorized', 'forbidden', 'overloaded'] as const;

type IdentityRefusal = Refusal<(typeof IDENTITY_ERRORS)[number]>;

/** Looks up the account of the key, for endpoints that move no money. `scope` is null where any key may. */
export async function identify(c: AppContext, scope: KeyScope | null): Promise<Result<Membership | 'operator', IdentityRefusal>> {
  const { directory } = c.get('service').accounts;
  const principal = authenticate(c);
  if (!principal.ok) return principal;
  c.get('event').role = principal.value.kind;
  if (principal.value.kind === 'operator') return ok('operator');
  const found = await directory.identify(principal.value.keyHash);
  if (!found.ok) return err(identityRefusal(found.error));
  c.get('event').accountId = found.value.account.id;
  recordCredits(c, found.value.balance.available);
  const missing = scope === null ? null : missingScope(found.value.key.lineage, scope);
  if (missing === null) return found;
  return err(scopeRefusal(missing));
}

/** The same, but refuses the operator key, which belongs to no account. */
export async function identifyCustomer(c: AppContext, scope: KeyScope | null): Promise<Result<Membership, IdentityRefusal>> {
  const found = await identify(c, scope);
  if (!found.ok) return found;
  if (found.value !== 'operator') return ok(found.value);
  return err({
    code: 'forbidden',
    message: 'The operator key belongs to no account. Use a customer key.',
    details: { reason: 'owner_key' },
  });
}
