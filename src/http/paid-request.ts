import type { Refusal } from '../errors.ts';
import { customerPayer, ownerPayer, type Payer } from '../read/payer.ts';
import { err, ok, type Result } from '../result.ts';
import { authenticate } from './authenticate.ts';
import type { AppContext } from './context.ts';
import { fingerprint } from './fingerprint.ts';

/** Who pays for this request. Asks nothing of the database yet; a key without the right shape ends here. */
export async function payerOf(c: AppContext): Promise<Result<Payer, Refusal<'unauthorized' | 'invalid_request'>>> {
  const { ledger, accounts, ownerKeyHashes, holdTtlMs } = c.var.service;
  const principal = await authenticate(c.req.header('Authorization'), ownerKeyHashes);
  if (!principal.ok) return principal;
  if (c.req.header('Idempotency-Key') !== undefined) {
    return err({
      code: 'invalid_request',
      message: 'Idempotency-Key is not supported yet. Send the request without it; a repeated read is a new, cached read.',
      details: { header: 'Idempotency-Key' },
    });
  }
  c.var.event.role = principal.value.kind;
  if (principal.value.kind === 'owner') return ok(ownerPayer());
  return ok(
    customerPayer({
      ledger,
      accounts,
      requestId: c.var.requestId,
      keyHash: principal.value.keyHash,
      fingerprint: await fingerprint(c.req.method, c.req.path, c.req.query()),
      holdTtlMs,
    }),
  );
}
