import type { InStatement, ResultSet } from '@libsql/client/web';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/client.ts';
import { microCredits } from '../money.ts';
import { err, ok, type Result } from '../result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase, type Unreachable } from './database-call.ts';
import { idColumn } from './ledger-rows.ts';
import * as statement from './top-up-statements.ts';
import { TOP_UP_CURRENCY, TOP_UP_STATES, type TopUp, type TopUps } from './top-ups.ts';

/** How long an idempotency key is remembered. Milliseconds. */
const KEY_LIFETIME_MS = 24 * 60 * 60 * 1_000;

/** A request that asks for a session is over by then, answered or gone. Milliseconds. */
const CLAIM_MS = 30_000;

/** The cron looks at a fresh order after this, should its webhook be lost. Milliseconds. */
const FIRST_CHECK_MS = 10 * 60 * 1_000;

const Row = z.object({
  id: idColumn('pay'),
  account_id: idColumn('acct'),
  session_id: z.string().nullable(),
  intent_id: z.string().nullable(),
  currency: z.string(),
  amount_minor: z.int(),
  credits_micros: z.int().transform(microCredits),
  target_micros: z.int().transform(microCredits),
  rev: z.int(),
  created_at: z.int(),
  updated_at: z.int(),
  state: z.enum(TOP_UP_STATES),
  url: z.string().nullable(),
  expires_at: z.int(),
  claimed_by: z.string(),
});

/** What orders are kept with. `policy` is for tests. */
export type TopUpsDeps = { readonly client: Database; readonly clock: Clock; readonly policy?: CallPolicy };

/** Orders in libSQL: tables payment and checkout. Each call is one batch in mode 'write' and one HTTP request, and may be repeated. */
export function createTopUps({ client, clock, policy = CALL_POLICY }: TopUpsDeps): TopUps {
  const run = (...statements: InStatement[]): Promise<Result<ResultSet[], Unreachable>> =>
    callDatabase(() => client.batch(statements, 'write'), policy);
  const read = async (query: InStatement): Promise<Result<readonly z.infer<typeof Row>[], Unreachable>> => {
    const answer = await callDatabase(() => client.execute(query), policy);
    return answer.ok ? ok(z.array(Row).parse(answer.value.rows)) : answer;
  };
  const change = async (...statements: InStatement[]): Promise<Result<null, Unreachable>> => {
    const answer = await run(...statements);
    return answer.ok ? ok(null) : answer;
  };
  return {
    async open(order) {
      const now = clock();
      const row = { ...order, currency: TOP_UP_CURRENCY, sessionId: null, now, claimedUntil: now + CLAIM_MS, nextCheckAt: order.expiresAt };
      const key = order.idempotencyKey;
      const answer = await run(
        statement.forgetKey({ ...row, forgetBefore: now - KEY_LIFETIME_MS }),
        statement.insertPayment(row),
        statement.insertCheckout(row),
        statement.insertKey(row),
        statement.claim(row),
        key === null ? statement.readBy('id', order.id) : statement.readByKey(order.accountId, key),
      );
      if (!answer.ok) return answer;
      const found = z.array(Row).min(1).parse(answer.value[5]?.rows)[0];
      if (found === undefined) throw new Error('an order was not written');
      return ok({ order: topUp(found), isClaimed: found.claimed_by === order.id });
    },
    attachSession: (id, { sessionId, url }) =>
      change(
        statement.attachSession({ id, sessionId, now: clock() }),
        statement.attachUrl({ id, url, nextCheckAt: clock() + FIRST_CHECK_MS }),
      ),
    giveUpClaim: (id) => change(statement.giveUpClaim({ id, now: clock() })),
    async find(name) {
      const found = await read(
        'id' in name
          ? statement.readBy('id', name.id)
          : 'sessionId' in name
            ? statement.readBy('session_id', name.sessionId)
            : statement.readBy('intent_id', name.intentId),
      );
      if (!found.ok) return found;
      const row = found.value[0];
      return ok(row === undefined ? null : topUp(row));
    },
    async list(accountId, before, limit) {
      const rows = await read(statement.readPage(accountId, before, limit));
      return rows.ok ? ok(rows.value.map(topUp)) : rows;
    },
    async adopt(session) {
      const now = clock();
      const row = { ...session, currency: TOP_UP_CURRENCY, idempotencyKey: null, now, expiresAt: now, claimedUntil: now, nextCheckAt: now };
      const answer = await run(
        statement.insertPayment(row),
        statement.insertCheckout(row),
        statement.readBy('session_id', session.sessionId),
      );
      if (!answer.ok) return answer;
      const found = z.array(Row).parse(answer.value[2]?.rows)[0];
      return found === undefined ? err({ kind: 'unknown_account' }) : ok(topUp(found));
    },
    async apply(observation) {
      const row = { ...observation, now: clock() };
      const answer = await run(statement.applyState(row), statement.applyTarget(row), statement.readBy('id', observation.id));
      if (!answer.ok) return answer;
      if (answer.value[1]?.rowsAffected === 1) return ok('applied');
      const now = z.array(Row).parse(answer.value[2]?.rows)[0];
      return ok(now?.rev === observation.rev ? 'refused' : 'lost');
    },
    postpone: (id, nextCheckAt) => change(statement.postpone({ id, nextCheckAt })),
    async due(limit) {
      const rows = await read(statement.readDue(clock(), limit));
      return rows.ok ? ok(rows.value.map(topUp)) : rows;
    },
    async isDone(eventId) {
      const answer = await callDatabase(() => client.execute(statement.readEvent(eventId)), policy);
      return answer.ok ? ok(answer.value.rows.length > 0) : answer;
    },
    markDone: (event) => change(statement.insertEvent({ ...event, now: clock() })),
  };
}

function topUp(row: z.infer<typeof Row>): TopUp {
  return {
    id: row.id,
    accountId: row.account_id,
    sessionId: row.session_id,
    intentId: row.intent_id,
    currency: row.currency,
    amountCents: row.amount_minor,
    credits: row.credits_micros,
    target: row.target_micros,
    rev: row.rev,
    state: row.state,
    url: row.url,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
