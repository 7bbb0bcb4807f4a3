import type { Refusal } from '../../errors.ts';
import { customerPayer, ownerPayer, type Payer } from '../../read/pricing/payer.ts';
import { ok, type Result } from '../../core/result.ts';
import { authenticate } from '../../http/auth/authenticate.ts';
import { scopeOf } from '../../endpoints.ts';
import type { AppContext } from '../../http/context.ts';
import { fingerprint } from '../../http/idempotency/fingerprint.ts';
import { type IdempotencyKey, idempotencyKey } from '../../http/idempotency/header.ts';

/** Who pays, and under which Idempotency-Key; the owner's reads are free and remembered by nobody. */
export type PaidRequest = { readonly payer: Payer; readonly key: IdempotencyKey | null };

/**
 * Who pays for this request. Asks nothing of the database yet; a key without the right shape ends here. Dry runs and
 * test keys need no memory: they change nothing, so their Idempotency-Key is checked and no more.
 */
export async function paidRequest(
  c: AppContext,
  isDryRun: boolean,
): Promise<Result<PaidRequest, Refusal<'unauthorized' | 'invalid_request'>>> {
  const { ledger, accounts, holdTtlMs } = c.get('service');
  const principal = authenticate(c);
  if (!principal.ok) return principal;
  c.get('event').role = principal.value.kind;
  const key = idempotencyKey(c.req.header('Idempotency-Key'));
  if (!key.ok) return key;
  if (principal.value.kind === 'owner') return ok({ payer: ownerPayer(), key: null });
  const { mode } = principal.value;
  const once = isDryRun || mode === 'test' ? null : key.value;
  const payer = customerPayer({
    ledger,
    accounts: accounts.directory,
    requestId: c.get('requestId'),
    keyHash: principal.value.keyHash,
    fingerprint: fingerprint(c.req.method, c.req.path, c.req.query()),
    scope: scopeOf(c.req.path),
    mode,
    onceDigest: once?.digest ?? null,
    holdTtlMs,
  });
  return ok({ payer, key: once });
}
