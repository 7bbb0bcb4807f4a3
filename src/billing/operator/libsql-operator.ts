import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import type { Ids } from '../../core/ids.ts';
import { ZERO } from '../../core/money.ts';
import { err, ok } from '../../core/result.ts';
import { microsColumn } from '../../db/columns.ts';
import type { CallPolicy } from '../../db/call.ts';
import { createSendBatch, type SendBatch } from '../../db/batch.ts';
import { hashApiKey, lastCharacters, mintApiKey, secureRandomBytes } from '../keys/api-key.ts';
import { readSecret, revokeKey as revokeKeyRow } from '../keys/statements.ts';
import { receiptColumn } from '../ledger/receipt.ts';
import { BalanceRow, balanceOf, LineRow } from '../ledger/rows.ts';
import { callCredit, readBalance, readLines } from '../ledger/statements.ts';
import { OPERATOR_ACTION_KINDS, type OperatorService, type RequestRecord, type Unknown } from './operator.ts';
import { insertAction, insertRootSecret, readAction, readActions, readEntry, readRequest } from './statements.ts';

/** `policy` is for tests. */
export type OperatorServiceDeps = {
  readonly client: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The shard of this database, which new keys name. */
  readonly shard: number;
  readonly policy?: CallPolicy;
};

type Context = Pick<OperatorServiceDeps, 'clock' | 'ids' | 'shard'> & { readonly batch: SendBatch };

const unknown: Unknown = { kind: 'unknown' };

/** Creates the operator's service over libSQL. Each order and its action are one batch; repeating it with the same id changes nothing. */
export function createOperatorService(deps: OperatorServiceDeps): OperatorService {
  const { clock, ids, shard } = deps;
  const context: Context = { clock, ids, shard, batch: createSendBatch(deps) };
  return {
    credit: (order) => credit(context, order),
    setFrozen: (order) => setFrozen(context, order),
    revokeKey: (order) => revokeKey(context, order),
    reissueRootKey: (order) => reissueRootKey(context, order),
    async note({ id, kind, reason, details }) {
      const answer = await context.batch([insertAction({ id, kind, ref: id, subject: '', reason, details, createdAt: clock() })]);
      return answer.ok ? ok(undefined) : answer;
    },
    findRequest: (id) => findRequest(context, id),
    async listActions(before, limit) {
      const answer = await context.batch([readActions(before, limit)], 'read');
      return answer.ok ? ok(Actions.parse(answer.value[0])) : answer;
    },
  };
}

const Entries = z.array(z.object({ account_id: z.string(), delta_micros: z.int() })).max(1);

async function credit(context: Context, order: Parameters<OperatorService['credit']>[0]): ReturnType<OperatorService['credit']> {
  const { id, accountId, kind, delta, reason } = order;
  const now = context.clock();
  // Both kinds share one namespace of refs, separate from those of signups and payments.
  const ref = `owner:${order.ref}`;
  const action = { id, kind: 'credit', ref: order.ref, subject: accountId, reason, details: { kind, microCredits: delta }, createdAt: now };
  const other = kind === 'grant' ? 'adjust' : 'grant';
  const answer = await context.batch([
    readEntry(other, ref),
    {
      sql: `INSERT INTO credit (account_id, kind, ref, delta, now)
            SELECT j.value ->> 'accountId', j.value ->> 'kind', j.value ->> 'ref', j.value ->> 'delta', j.value ->> 'now' FROM json_each(?) j
             WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.kind = ? AND e.ref = ?)`,
      args: [...argsOf(callCredit({ accountId, kind, ref, delta, now })), other, ref],
    },
    insertAction(action, 'EXISTS (SELECT 1 FROM entry e WHERE e.kind = ? AND e.ref = ?)', [kind, ref]),
    readEntry(kind, ref),
    readBalance(accountId),
    readAction(id),
  ]);
  if (!answer.ok) return answer;
  const [before, , , after, balances, written] = answer.value;
  if (Entries.parse(before).length > 0) return err({ kind: 'other_credit' });
  const account = z.array(BalanceRow).max(1).parse(balances)[0];
  const entry = Entries.parse(after)[0];
  if (entry !== undefined && (entry.account_id !== accountId || entry.delta_micros !== delta)) return err({ kind: 'other_credit' });
  if (account === undefined) return err(unknown);
  if (entry === undefined) return err({ kind: 'beyond_limits' });
  return ok({ booked: (written ?? []).length > 0, balance: balanceOf(account) });
}

function argsOf(statement: ReturnType<typeof callCredit>): string[] {
  return z.array(z.string()).parse(statement.args);
}

const Statuses = z.array(z.object({ status: z.enum(['active', 'frozen', 'closed']) })).max(1);

async function setFrozen(context: Context, order: Parameters<OperatorService['setFrozen']>[0]): ReturnType<OperatorService['setFrozen']> {
  const { id, accountId, frozen, reason } = order;
  const [from, to] = frozen ? ['active', 'frozen'] : ['frozen', 'active'];
  const status = { sql: 'SELECT status FROM account WHERE id = ?', args: [accountId] };
  const kind = frozen ? 'freeze' : 'unfreeze';
  const action = { id, kind, ref: id, subject: accountId, reason, details: {}, createdAt: context.clock() };
  const answer = await context.batch([
    insertAction(action, 'EXISTS (SELECT 1 FROM account a WHERE a.id = ?)', [accountId]),
    status,
    { sql: 'UPDATE account SET status = ? WHERE id = ? AND status = ?', args: [to ?? '', accountId, from ?? ''] },
    status,
  ]);
  if (!answer.ok) return answer;
  const [before, after] = [Statuses.parse(answer.value[1])[0], Statuses.parse(answer.value[3])[0]];
  if (before === undefined || after === undefined) return err(unknown);
  return ok({ status: after.status, changed: before.status !== after.status });
}

const Revocations = z.array(z.object({ revoked_at: z.int().nullable() })).max(1);

async function revokeKey(context: Context, order: Parameters<OperatorService['revokeKey']>[0]): ReturnType<OperatorService['revokeKey']> {
  const { id, keyId, reason } = order;
  const now = context.clock();
  const revocation = { sql: 'SELECT revoked_at FROM api_key WHERE id = ?', args: [keyId] };
  const action = { id, kind: 'revoke_key', ref: id, subject: keyId, reason, details: {}, createdAt: now };
  const answer = await context.batch([
    insertAction(action, 'EXISTS (SELECT 1 FROM api_key k WHERE k.id = ?)', [keyId]),
    revocation,
    revokeKeyRow({ id: keyId, now, by: null }),
    revocation,
  ]);
  if (!answer.ok) return answer;
  const [before, after] = [Revocations.parse(answer.value[1])[0], Revocations.parse(answer.value[3])[0]];
  if (before === undefined || after === undefined || after.revoked_at === null) return err(unknown);
  return ok({ revokedAt: after.revoked_at, changed: before.revoked_at === null });
}

const Secrets = z.array(z.object({ key_id: z.string() })).max(1);

async function reissueRootKey(
  context: Context,
  order: Parameters<OperatorService['reissueRootKey']>[0],
): ReturnType<OperatorService['reissueRootKey']> {
  const { id, accountId, reason } = order;
  const now = context.clock();
  const apiKey = mintApiKey(secureRandomBytes, 'live', context.shard);
  const [hash, last4, newKeyId] = [hashApiKey(apiKey), lastCharacters(apiKey), context.ids('key')];
  const action = { id, kind: 'reissue_root_key', ref: id, subject: accountId, reason, details: { last4 }, createdAt: now };
  const answer = await context.batch([
    insertAction(action, 'EXISTS (SELECT 1 FROM account a WHERE a.id = ?)', [accountId]),
    ...insertRootSecret({ accountId, newKeyId, hash, last4, now }),
    readSecret(hash),
  ]);
  if (!answer.ok) return answer;
  const keyId = Secrets.parse(answer.value.at(-1))[0]?.key_id;
  return keyId === undefined ? err(unknown) : ok({ keyId, isNewKey: keyId === newKeyId, apiKey });
}

const json = z.string().transform((text): unknown => JSON.parse(text));
const jsonObject = json.pipe(z.record(z.string(), z.unknown()));
const Requests = z
  .array(
    z.object({
      id: z.string(),
      account_id: z.string(),
      key_id: z.string(),
      state: z.enum(['open', 'settled', 'released', 'expired']),
      reason: z.string().nullable(),
      amount_micros: microsColumn,
      settled_micros: microsColumn.nullable(),
      created_at: z.int(),
      expires_at: z.int(),
      resolved_at: z.int().nullable(),
      reversed_micros: microsColumn.nullable(),
      body: receiptColumn.nullable(),
    }),
  )
  .max(1);

async function findRequest(context: Context, id: string): ReturnType<OperatorService['findRequest']> {
  const answer = await context.batch([readRequest(id), readLines(id)], 'read');
  if (!answer.ok) return answer;
  const row = Requests.parse(answer.value[0])[0];
  if (row === undefined) return err(unknown);
  const record: RequestRecord = {
    id: row.id,
    accountId: row.account_id,
    keyId: row.key_id,
    state: row.state,
    reason: row.reason,
    reserved: row.amount_micros,
    settled: row.settled_micros,
    reversed: row.reversed_micros ?? ZERO,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    resolvedAt: row.resolved_at,
    lines: z
      .array(LineRow)
      .parse(answer.value[1])
      .map((line) => ({ item: line.item, reserved: line.reserved_micros, settled: line.settled_micros, reason: line.reason })),
    receipt: row.body,
  };
  return ok(record);
}

const Actions = z.array(
  z
    .object({
      id: z.string(),
      kind: z.enum(OPERATOR_ACTION_KINDS),
      ref: z.string(),
      subject: z.string(),
      reason: z.string(),
      details: jsonObject,
      created_at: z.int(),
    })
    .transform(({ created_at: createdAt, ...action }) => ({ ...action, createdAt })),
);
