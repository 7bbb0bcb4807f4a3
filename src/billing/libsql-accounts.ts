import type { InStatement } from '@libsql/client/web';
import { DrizzleQueryError, eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/libsql/web';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/client.ts';
import { account, apiKey } from '../db/schema.ts';
import type { Ids } from '../ids.ts';
import { type MicroCredits, ZERO } from '../money.ts';
import { err, ok } from '../result.ts';
import type { Accounts, Membership } from './accounts.ts';
import { CALL_POLICY, type CallPolicy, callDatabase } from './database-call.ts';
import { hashApiKey, mintApiKey, type RandomBytes, secureRandomBytes } from './keys.ts';
import { BalanceRow, balanceOf, idColumn } from './ledger-rows.ts';
import { callCredit } from './ledger-statements.ts';

/** How much of a key its owner sees again. */
const VISIBLE_CHARACTERS = 4;

/** What accounts are made of. `signupGrant` may be zero; `policy` and `randomBytes` are for tests. */
export type AccountsDeps = {
  readonly client: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly signupGrant: MicroCredits;
  readonly randomBytes?: RandomBytes;
  readonly policy?: CallPolicy;
};

/** Accounts in libSQL: signing up is one batch, finding out whose key it is one read; each is one HTTP request. */
export function createAccounts(deps: AccountsDeps): Accounts {
  const { client, clock, policy = CALL_POLICY } = deps;
  return {
    async signUp({ accountName, keyName }) {
      const now = clock();
      const apiKeyText = mintApiKey(deps.randomBytes ?? secureRandomBytes);
      const created = { id: deps.ids('acct'), name: accountName, status: 'active', createdAt: now } as const;
      const key = {
        id: deps.ids('key'),
        accountId: created.id,
        name: keyName,
        last4: apiKeyText.slice(-VISIBLE_CHARACTERS),
        createdAt: now,
      };
      const statements = [
        ...insertAccount(created),
        ...insertKey(key, await hashApiKey(apiKeyText)),
        ...grant(created.id, deps.signupGrant, now),
      ];
      const answer = await callDatabase(() => client.batch(statements, 'write'), policy);
      return answer.ok ? ok({ account: created, key, apiKey: apiKeyText }) : answer;
    },

    async identify(keyHash) {
      const answer = await callDatabase(() => readMembership(client, keyHash), policy);
      if (!answer.ok) return answer;
      const row = z.array(MembershipRow).max(1).parse(answer.value)[0];
      if (row === undefined) return err({ kind: 'unknown_key' });
      if (row.revokedAt !== null) return err({ kind: 'key_revoked' });
      if (row.expiresAt !== null && row.expiresAt <= clock()) return err({ kind: 'key_expired' });
      const membership: Membership = {
        account: { id: row.accountId, name: row.accountName, status: row.status, createdAt: row.accountCreatedAt },
        key: { id: row.keyId, accountId: row.accountId, name: row.keyName, last4: row.last4, createdAt: row.keyCreatedAt },
        balance: balanceOf(row),
      };
      return ok(membership);
    },
  };
}

// A row that a lost answer already wrote is left alone: the ids are new with each signup, so it can only be this one's. The guards
// raise on an insert of a row that exists, hence NOT EXISTS and not ON CONFLICT.
function insertAccount(created: Membership['account']): InStatement[] {
  return [
    {
      sql: `INSERT INTO account (id, name, created_at)
            SELECT j.value ->> 'id', j.value ->> 'name', j.value ->> 'createdAt' FROM json_each(?) j
             WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = j.value ->> 'id')`,
      args: [JSON.stringify([created])],
    },
  ];
}

function insertKey(key: Membership['key'], hash: string): InStatement[] {
  return [
    {
      sql: `INSERT INTO api_key (id, account_id, name, hash, last4, created_at)
            SELECT j.value ->> 'id', j.value ->> 'accountId', j.value ->> 'name', unhex(j.value ->> 'hash'), j.value ->> 'last4',
                   j.value ->> 'createdAt'
              FROM json_each(?) j
             WHERE NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = j.value ->> 'id')`,
      args: [JSON.stringify([{ ...key, hash }])],
    },
  ];
}

/** The reference makes the grant once in an account's life, whoever books it. */
function grant(accountId: string, amount: MicroCredits, now: number): InStatement[] {
  if (amount === ZERO) return [];
  return [callCredit({ accountId, kind: 'grant', ref: `signup:${accountId}`, delta: amount, now })];
}

const MembershipRow = z.object({
  keyId: idColumn('key'),
  keyName: z.string(),
  last4: z.string(),
  keyCreatedAt: z.int(),
  revokedAt: z.int().nullable(),
  expiresAt: z.int().nullable(),
  accountId: idColumn('acct'),
  accountName: z.string(),
  status: z.enum(['active', 'frozen', 'closed']),
  accountCreatedAt: z.int(),
  ...BalanceRow.shape,
});

async function readMembership(client: Database, keyHash: string): Promise<unknown[]> {
  const query = drizzle({ client })
    .select({
      keyId: apiKey.id,
      keyName: apiKey.name,
      last4: apiKey.last4,
      keyCreatedAt: apiKey.createdAt,
      revokedAt: apiKey.revokedAt,
      expiresAt: apiKey.expiresAt,
      accountId: account.id,
      accountName: account.name,
      status: account.status,
      accountCreatedAt: account.createdAt,
      posted_micros: account.postedMicros,
      held_micros: account.heldMicros,
      debt_micros: account.debtMicros,
    })
    .from(apiKey)
    .innerJoin(account, eq(account.id, apiKey.accountId))
    .where(eq(apiKey.hash, sql`unhex(${keyHash})`));
  try {
    return await query;
  } catch (error) {
    // drizzle's own error quotes the query's arguments, and one of them is a key's hash.
    throw error instanceof DrizzleQueryError ? error.cause : error;
  }
}
