import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import type { Ids } from '../../core/ids.ts';
import { type MicroCredits, ZERO } from '../../core/money.ts';
import { err, ok } from '../../core/result.ts';
import type { Accounts, Membership } from './accounts.ts';
import type { ApiKey } from '../keys/key-details.ts';
import { CALL_POLICY, type CallPolicy, callDatabase } from '../../db/call.ts';
import { hashApiKey, lastCharacters, mintApiKey, type RandomBytes, secureRandomBytes } from '../keys/api-key.ts';
import { endOf } from '../keys/limits.ts';
import { KEY_COLUMNS, keyOf, KeyRow } from '../keys/rows.ts';
import { BalanceRow, balanceOf } from '../ledger/rows.ts';
import { callCredit } from '../ledger/statements.ts';

/** `signupGrant` may be zero; `policy` and `randomBytes` are for tests. */
export type AccountsDeps = {
  readonly client: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly signupGrant: MicroCredits;
  /** The shard of this database, which new keys name. */
  readonly shard?: number;
  /** Told the account of each key that is identified. */
  readonly identified?: (accountId: string) => void;
  readonly randomBytes?: RandomBytes;
  readonly policy?: CallPolicy;
};

/** Creates the accounts over libSQL. Each method is one HTTP request to the database. */
export function createAccounts(deps: AccountsDeps): Accounts {
  const { client, clock, policy = CALL_POLICY } = deps;
  return {
    async signUp({ accountName, keyName, isGranted = true }) {
      const now = clock();
      const apiKeyText = mintApiKey(deps.randomBytes ?? secureRandomBytes, 'live', deps.shard);
      const created = { id: deps.ids('acct'), name: accountName, status: 'active', createdAt: now } as const;
      const key = {
        id: deps.ids('key'),
        accountId: created.id,
        name: keyName,
        last4: lastCharacters(apiKeyText),
        createdAt: now,
      };
      const statements = [
        ...insertAccount(created),
        ...insertKey(key, hashApiKey(apiKeyText)),
        ...grant(created.id, isGranted ? deps.signupGrant : ZERO, now),
      ];
      const answer = await callDatabase(() => client.batch(statements, 'write'), policy);
      return answer.ok ? ok({ account: created, key, apiKey: apiKeyText }) : answer;
    },

    async identify(keyHash) {
      const now = clock();
      const answer = await callDatabase(() => readMembership(client, keyHash, now), policy);
      if (!answer.ok) return answer;
      const row = z.array(MembershipRow).max(1).parse(answer.value)[0];
      if (row === undefined) return err({ kind: 'unknown_key' });
      deps.identified?.(row.keyAccountId);
      const end = endOf(row.lineage, now);
      if (end !== null) return err(end);
      if (row.retiresAt !== null && row.retiresAt <= now) return err({ kind: 'key_expired' });
      const membership: Membership = {
        account: { id: row.keyAccountId, name: row.accountName, status: row.status, createdAt: row.accountCreatedAt },
        key: keyOf(row),
        secret: { hash: keyHash, retiresAt: row.retiresAt },
        balance: balanceOf(row),
      };
      return ok(membership);
    },
  };
}

// An existing row can only come from an earlier try of this signup, because ids are new for each. The guards raise on inserting a row that
// exists, hence NOT EXISTS instead of ON CONFLICT.
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

function insertKey(key: ApiKey, hash: string): InStatement[] {
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

/** The ref allows one signup grant for each account. */
function grant(accountId: string, amount: MicroCredits, now: number): InStatement[] {
  if (amount === ZERO) return [];
  return [callCredit({ accountId, kind: 'grant', ref: `signup:${accountId}`, delta: amount, now })];
}

const MembershipRow = KeyRow.extend({
  retiresAt: z.int().nullable(),
  accountName: z.string(),
  status: z.enum(['active', 'frozen', 'closed']),
  accountCreatedAt: z.int(),
  ...BalanceRow.shape,
});

async function readMembership(client: Database, keyHash: string, now: number): Promise<unknown[]> {
  const answer = await client.execute({
    sql: `SELECT ${KEY_COLUMNS}, s.retires_at AS retiresAt, a.name AS accountName, a.status, a.created_at AS accountCreatedAt,
                 a.posted_micros, a.held_micros, a.debt_micros
            FROM (SELECT CAST(? AS INTEGER) AS now) t CROSS JOIN key_secret s CROSS JOIN api_key k ON k.id = s.key_id
                 CROSS JOIN account a ON a.id = k.account_id
           WHERE s.hash = unhex(?)`,
    args: [now, keyHash],
  });
  return answer.rows;
}
