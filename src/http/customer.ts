import type { Membership } from '../billing/accounts.ts';
import type { Refusal } from '../errors.ts';
import { identityRefusal } from '../read/refusals.ts';
import { err, type Result } from '../result.ts';
import { authenticate } from './authenticate.ts';
import type { AppContext } from './context.ts';

/** Whose key this is; the owner's is refused, because it belongs to no account. */
export async function requireCustomer(c: AppContext): Promise<Result<Membership, Refusal<'unauthorized' | 'forbidden' | 'overloaded'>>> {
  const { accounts } = c.var.service;
  c.header('Cache-Control', 'no-store');
  const principal = await authenticate(c);
  if (!principal.ok) return principal;
  c.var.event.role = principal.value.kind;
  if (principal.value.kind === 'owner') {
    return err({ code: 'forbidden', message: 'The owner key belongs to no account: use a customer key.' });
  }
  const found = await accounts.identify(principal.value.keyHash);
  if (!found.ok) return err(identityRefusal(found.error));
  c.var.event.accountId = found.value.account.id;
  return found;
}
