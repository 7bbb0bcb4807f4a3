import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import type { Id, Ids } from '../../core/ids.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { KeyDetails } from './key-details.ts';
import type { CallPolicy, Unreachable } from '../../db/call.ts';
import { createSendBatch, type SendBatch } from '../../db/batch.ts';
import { allows, endOf, KEY_SCOPES, type KeyScope, type Lineage, type WantedLimits, widerThan } from './limits.ts';
import type { KeyChanges, KeyDraft, KeyPosition, KeyManager, KeyManagerRefusal, Manager, MintedKey } from './key-manager.ts';
import {
  insertKey,
  insertSecret,
  readAccountKeys,
  readFullBelow,
  readHasRoom,
  readKey,
  readMayManage,
  readSecret,
  revokeKey,
  updateKey,
} from './statements.ts';
import { keyOf, KeyRow } from './rows.ts';
import { hashApiKey, lastCharacters, mintApiKey, type RandomBytes, secureRandomBytes } from './api-key.ts';

/** The same limit as in migrations/0002_keys.sql. Each level costs every spend one more row. */
const MAX_LINEAGE = 4;

/** `policy` and `randomBytes` are for tests. */
export type KeyManagerDeps = {
  readonly client: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly randomBytes?: RandomBytes;
  /** The shard of this database, which new keys name. */
  readonly shard?: number;
  readonly policy?: CallPolicy;
};

/** The key a call is about, and who makes the call. */
type ManagedKey = { readonly manager: Manager; readonly id: Id<'key'> };

type Context = { readonly send: SendBatch; readonly clock: Clock; readonly ids: Ids; readonly mint: (mode: 'live' | 'test') => string };

/** Creates the key manager over libSQL. Each write is a read of the key, then one batch that is safe to repeat. */
export function createKeyManager(deps: KeyManagerDeps): KeyManager {
  const { clock, ids } = deps;
  const context: Context = {
    clock,
    ids,
    mint: (mode) => mintApiKey(deps.randomBytes ?? secureRandomBytes, mode, deps.shard),
    send: createSendBatch(deps),
  };
  return {
    list: (manager, after, limit) => list(context, manager, { after, limit }),
    create: (manager, draft) => create(context, manager, draft),
    update: (manager, id, changes) => update(context, { manager, id }, changes),
    rotate: (manager, id, graceMs) => rotate(context, { manager, id }, graceMs),
    async revoke(manager, id) {
      // Allowed for a frozen account: it only takes access away.
      const found = await find(context, { manager, id });
      if (!found.ok) return found;
      const now = clock();
      const revoked = readBack(await context.send([revokeKey({ id, now, by: manager.secret.hash }), readKey(id, now)]), 1);
      return revoked.ok && revoked.value.limits.revokedAt === null ? err({ kind: 'revoked' }) : revoked;
    },
  };
}

async function list(
  context: Context,
  manager: KeyDetails,
  { after, limit }: { readonly after: KeyPosition | null; readonly limit: number },
): ReturnType<KeyManager['list']> {
  const root = manager.parentId === null ? null : manager.id;
  const query = readAccountKeys({ accountId: manager.accountId, root, now: context.clock(), after, limit: limit + 1 });
  const answer = await context.send([query], 'read');
  if (!answer.ok) return answer;
  const found = z.array(KeyRow).parse(answer.value[0]).map(keyOf);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (found.length <= limit || last === undefined) return ok({ items, next: null });
  return ok({ items, next: { isRevoked: last.limits.revokedAt !== null, createdAt: last.createdAt, id: last.id } });
}

async function create(context: Context, by: Manager, draft: KeyDraft): Promise<Result<MintedKey, KeyManagerRefusal>> {
  const refusal = managerRefusal(by);
  if (refusal !== null) return err(refusal);
  const { key: manager, secret } = by;
  if (manager.lineage.length >= MAX_LINEAGE) return err({ kind: 'too_deep' });
  const limits = { ...draft, scopes: draft.scopes ?? readScopesOf(manager.lineage) };
  const wider = widerThan(manager.lineage, limits);
  if (wider !== null) return err({ kind: 'wider', limit: wider });
  const apiKey = context.mint(draft.mode);
  const now = context.clock();
  const id = context.ids('key');
  const row = {
    ...columnsOf(limits),
    id,
    accountId: manager.accountId,
    parentId: manager.id,
    name: draft.name,
    mode: draft.mode,
    // It ends with its parents in any case, and is counted as active no longer than that.
    expiresAt: earliestEnd([draft, ...manager.lineage]),
    hash: hashApiKey(apiKey),
    last4: lastCharacters(apiKey),
    by: secret.hash,
    now,
  };
  const answer = await context.send([readMayManage(row), insertKey(row), readKey(id, now), readFullBelow(row)]);
  if (!answer.ok) return answer;
  const made = readBack(answer, 2);
  if (made.ok) return ok({ key: made.value, apiKey });
  // The insert refuses for three reasons: a manager that ended just now, too many keys below it, or too many in the account.
  if (!mayManage(answer.value[0])) return err({ kind: 'revoked' });
  return err({ kind: FullBelow.parse(answer.value[3])[0].isFull === 1 ? 'too_many_below' : 'too_many' });
}

async function update(context: Context, subject: ManagedKey, changes: KeyChanges): Promise<Result<KeyDetails, KeyManagerRefusal>> {
  const refusal = managerRefusal(subject.manager);
  if (refusal !== null) return err(refusal);
  const found = await find(context, subject);
  if (!found.ok) return found;
  const { manager, id } = subject;
  const { key: by, secret } = manager;
  const key = found.value;
  if (key.limits.revokedAt !== null) return err({ kind: 'revoked' });
  // Otherwise an agent could raise its own limits.
  if (key.id === by.id && key.parentId !== null) return err({ kind: 'own_limits' });
  // Only changed limits are compared: a parent whose limits were lowered since already limits the rest.
  const wider = widerThan(key.lineage.slice(0, -1), {
    mode: key.limits.mode,
    scopes: changes.scopes ?? [],
    ceiling: changes.ceiling ?? null,
    budget: changes.budget ?? null,
    expiresAt: changes.expiresAt ?? null,
  });
  if (wider !== null) return err({ kind: 'wider', limit: wider });
  const end = key.limits.expiresAt;
  if (end !== null && changes.expiresAt !== undefined && changes.expiresAt > end) return err({ kind: 'expires_earlier', expiresAt: end });
  const now = context.clock();
  // JSON leaves out what is undefined, so the statement sees only what was sent.
  const row = { ...changes, id, by: secret.hash, now };
  const answer = await context.send([readMayManage(row), updateKey(row), readKey(id, now)]);
  if (answer.ok && !mayManage(answer.value[0])) return err({ kind: 'revoked' });
  const changed = readBack(answer, 2);
  return changed.ok && changed.value.limits.revokedAt !== null ? err({ kind: 'revoked' }) : changed;
}

async function rotate(context: Context, subject: ManagedKey, graceMs: number): Promise<Result<MintedKey, KeyManagerRefusal>> {
  const refusal = managerRefusal(subject.manager);
  if (refusal !== null) return err(refusal);
  const found = await find(context, subject);
  if (!found.ok) return found;
  const { id, manager } = subject;
  const now = context.clock();
  if (endOf(found.value.lineage, now) !== null) return err({ kind: 'revoked' });
  const apiKey = context.mint(found.value.limits.mode);
  const row = {
    keyId: id,
    hash: hashApiKey(apiKey),
    last4: lastCharacters(apiKey),
    by: manager.secret.hash,
    now,
    retiresAt: now + graceMs,
  };
  const answer = await context.send([readHasRoom(row), ...insertSecret(row), readKey(id, now), readSecret(row.hash)]);
  if (!answer.ok) return answer;
  const rotated = readBack(answer, 3);
  if (!rotated.ok) return rotated;
  if (answer.value[4]?.length === 1) return ok({ key: rotated.value, apiKey });
  // Otherwise the key, or the manager, ended just now.
  return err({ kind: HasRoom.parse(answer.value[0])[0].hasRoom === 1 ? 'revoked' : 'too_many_secrets' });
}

/** Why a manager may not create, change or rotate keys; null if it may. */
function managerRefusal({ account, secret }: Manager): Extract<KeyManagerRefusal, { kind: 'account_frozen' | 'secret_retiring' }> | null {
  if (account.status !== 'active') return { kind: 'account_frozen' };
  return secret.retiresAt === null ? null : { kind: 'secret_retiring' };
}

async function find(context: Context, { manager, id }: ManagedKey): Promise<Result<KeyDetails, KeyManagerRefusal>> {
  if (manager.secret.retiresAt !== null) return err({ kind: 'secret_retiring' });
  const found = readBack(await context.send([readKey(id, context.clock())], 'read'), 0);
  return found.ok && !manages(manager.key, found.value) ? err({ kind: 'unknown_key' }) : found;
}

function readBack(answer: Awaited<ReturnType<SendBatch>>, index: number): Result<KeyDetails, { kind: 'unknown_key' } | Unreachable> {
  if (!answer.ok) return answer;
  const row = z.array(KeyRow).max(1).parse(answer.value[index])[0];
  return row === undefined ? err({ kind: 'unknown_key' }) : ok(keyOf(row));
}

const FullBelow = z.tuple([z.object({ isFull: z.int() })]);
const HasRoom = z.tuple([z.object({ hasRoom: z.int() })]);
const MayManage = z.tuple([z.object({ allowed: z.int() })]);

function mayManage(rows: unknown): boolean {
  return MayManage.parse(rows)[0].allowed === 1;
}

function earliestEnd(keys: readonly { readonly expiresAt: number | null }[]): number | null {
  const ends = keys.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt]));
  return ends.length === 0 ? null : Math.min(...ends);
}

/** A root key manages the whole account, so a lost root key can be revoked with another. */
function manages(manager: KeyDetails, key: KeyDetails): boolean {
  if (key.accountId !== manager.accountId) return false;
  return manager.parentId === null || key.lineage.some((one) => one.id === manager.id);
}

/** `read` if the whole lineage has it, otherwise the read scopes of single endpoints that it has. */
function readScopesOf(lineage: Lineage): readonly KeyScope[] {
  const given = KEY_SCOPES.filter((scope) => scope.startsWith('read') && lineage.every((key) => allows(key.scopes, scope)));
  return given.includes('read') ? ['read'] : given;
}

function columnsOf(limits: Pick<WantedLimits, 'scopes' | 'ceiling' | 'budget'>) {
  return {
    scopes: limits.scopes,
    ceiling: limits.ceiling,
    budget: limits.budget?.limit ?? null,
    period: limits.budget?.period ?? null,
  };
}
