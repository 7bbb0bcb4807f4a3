import type { Refusal } from '../errors.ts';
import { customerPayer, ownerPayer, type Payer } from '../read/payer.ts';
import { err, ok, type Result } from '../result.ts';
import { authenticate } from './authenticate.ts';
import type { KeyScope } from '../billing/key-limits.ts';
import type { AppContext } from './context.ts';
import type { PAID_PATHS } from './fallbacks.ts';
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
  const scope = scopeOf(c.req.path);
  c.var.event.role = principal.value.kind;
  if (principal.value.kind === 'owner') return ok(ownerPayer());
  return ok(
    customerPayer({
      ledger,
      accounts,
      requestId: c.var.requestId,
      keyHash: principal.value.keyHash,
      fingerprint: await fingerprint(c.req.method, c.req.path, c.req.query()),
      scope,
      mode: principal.value.mode,
      holdTtlMs,
    }),
  );
}

const SCOPES = { '/v1/post': 'read:post', '/v1/reel': 'read:reel', '/v1/comments': 'read:comments' } as const satisfies Record<
  (typeof PAID_PATHS)[number],
  KeyScope
>;

/** What a key must be allowed for this read. A path that isn't in the table needs all of reading. */
function scopeOf(path: string): KeyScope {
  const scopes: Readonly<Record<string, KeyScope>> = SCOPES;
  return scopes[path] ?? 'read';
}
