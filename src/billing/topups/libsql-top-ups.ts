import type { InStatement, ResultSet } from '@libsql/client/web';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase, type Unreachable } from '../../db/call.ts';
import { idColumn, microsColumn } from '../../db/columns.ts';
import * as statement from './statements.ts';
import {
  type FoundSession,
  type NewTopUp,
  type Observation,
  TOP_UP_CURRENCY,
  TOP_UP_STATES,
  type TopUp,
  type TopUpName,
  type TopUps,
} from './top-ups.ts';

/**
 * An hour less than an order can be paid: a repeat never gets a page that is about to close, and a session that is only made by a late repeat
 * still has the half hour that Stripe asks for. Stripe remembers the order's own key for longer.
 */
const KEY_LIFETIME_MS = 22 * 60 * 60 * 1_000;

/** A request that is creating a session has been answered or has died by then. */
const CLAIM_MS = 30_000;

/** When the cron first checks a new order, in case its webhook is lost. */
const FIRST_CHECK_MS = 10 * 60 * 1_000;

const Row = z.object({
  id: idColumn('pay'),
  account_id: idColumn('acct'),
  session_id: z.string().nullable(),
  intent_id: z.string().nullable(),
  currency: z.string(),
  amount_minor: z.int(),
  credits_micros: microsColumn,
  target_micros: microsColumn,
  rev: z.int(),
  created_at: z.int(),
  updated_at: z.int(),
  state: z.enum(TOP_UP_STATES),
  url: z.string().nullable(),
  expires_at: z.int(),
  claimed_by: z.string(),
});

const DueRows = z.array(z.object({ id: z.string(), created_at: z.int() }));

const Expiries = z.array(z.object({ expires_at: z.int() }));

const SessionRows = z.array(z.object({ session_id: z.string() }));

/** `policy` is for tests. */
export type TopUpsDeps = { readonly client: Database; readonly clock: Clock; readonly policy?: CallPolicy };

type Context = {
  readonly clock: Clock;
  readonly run: (...statements: InStatement[]) => Promise<Result<readonly ResultSet[], Unreachable>>;
};

/** Creates the store of orders over libSQL (tables payment and checkout). Each call is one HTTP request and safe to repeat. */
export function createTopUps({ client, clock, policy = CALL_POLICY }: TopUpsDeps): TopUps {
  const context: Context = { clock, run: (...statements) => callDatabase(() => client.batch(statements, 'write'), policy) };
  const read = async (query: InStatement): Promise<Result<readonly TopUp[], Unreachable>> => {
    const answer = await callDatabase(() => client.execute(query), policy);
    return answer.ok ? ok(topUpsOf(answer.value)) : answer;
  };
  const change = async (...statements: InStatement[]): Promise<Result<null, Unreachable>> => {
    const answer = await context.run(...statements);
    return answer.ok ? ok(null) : answer;
  };
  return {
    open: (order) => openOrder(context, order),
    attachSession: (id, { sessionId, url }) =>
      change(
        statement.attachSession({ id, sessionId, now: clock() }),
        statement.attachUrl({ id, url, nextCheckAt: clock() + FIRST_CHECK_MS }),
      ),
    giveUpClaim: (id) => change(statement.giveUpClaim({ id, now: clock() })),
    async find(name) {
      const found = await read(readByName(name));
      return found.ok ? ok(found.value[0] ?? null) : found;
    },
    list: (accountId, before, limit) => read(statement.readPage(accountId, before, limit)),
    adopt: (session) => adoptSession(context, session),
    apply: (observation) => applyObservation(context, observation),
    postpone: (ids, nextCheckAt) => change(statement.postpone(ids.map((id) => ({ id, nextCheckAt })))),
    take: (...asked) => take(context, ...asked),
    async withoutOrder(sessionIds) {
      if (sessionIds.length === 0) return ok([]);
      const answer = await callDatabase(() => client.execute(statement.readWithoutOrder(sessionIds)), policy);
      return answer.ok ? ok(SessionRows.parse(answer.value.rows).map((row) => row.session_id)) : answer;
    },
    async isDone(eventId) {
      const answer = await callDatabase(() => client.execute(statement.readEvent(eventId)), policy);
      return answer.ok ? ok(answer.value.rows.length > 0) : answer;
    },
    markDone: (event) => change(statement.insertEvent({ ...event, now: clock() })),
  };
}

async function openOrder({ run, clock }: Context, order: NewTopUp): ReturnType<TopUps['open']> {
  const now = clock();
  const { idempotencyKey: key } = order;
  const row = {
    ...order,
    currency: TOP_UP_CURRENCY,
    sessionId: null,
    isLimited: true,
    now,
    claimedUntil: now + CLAIM_MS,
    nextCheckAt: order.expiresAt,
  };
  const answer = await run(
    statement.deleteOldKey(order.accountId, key, now - KEY_LIFETIME_MS),
    statement.insertPayment(row),
    statement.insertCheckout(row),
    statement.insertKey(row),
    statement.claim(row),
    key === null ? statement.readBy('id', order.id) : statement.readByKey(order.accountId, key),
    statement.readFirstExpiry(order.accountId, now),
  );
  if (!answer.ok) return answer;
  const [found] = z.array(Row).parse(answer.value[5]?.rows);
  if (found === undefined) {
    const [first] = Expiries.parse(answer.value[6]?.rows);
    return err({ kind: 'too_many_open', until: first?.expires_at ?? now + CLAIM_MS });
  }
  return ok({ order: topUp(found), isClaimed: found.claimed_by === order.id });
}

async function adoptSession({ run, clock }: Context, session: FoundSession): ReturnType<TopUps['adopt']> {
  const now = clock();
  const row = {
    ...session,
    currency: TOP_UP_CURRENCY,
    idempotencyKey: null,
    isLimited: false,
    now,
    expiresAt: now,
    claimedUntil: now,
    nextCheckAt: now,
  };
  const answer = await run(statement.insertPayment(row), statement.insertCheckout(row), statement.readBy('session_id', session.sessionId));
  if (!answer.ok) return answer;
  const [found] = topUpsOf(answer.value[2]);
  return found === undefined ? err({ kind: 'unknown_account' }) : ok(found);
}

async function applyObservation({ run, clock }: Context, observation: Observation): ReturnType<TopUps['apply']> {
  const row = { ...observation, now: clock() };
  const answer = await run(statement.applyState(row), statement.applyTarget(row), statement.readBy('id', observation.id));
  if (!answer.ok) return answer;
  if (answer.value[1]?.rowsAffected === 1) return ok('applied');
  // Nothing was written although the revision is unchanged: the account's limits forbid it.
  return ok(topUpsOf(answer.value[2])[0]?.rev === observation.rev ? 'refused' : 'lost');
}

async function take({ run, clock }: Context, ...[lane, limit, nextCheckAt]: Parameters<TopUps['take']>): ReturnType<TopUps['take']> {
  const now = clock();
  const answer = await run(statement.readDue(lane, now, limit), statement.postponeDue(lane, { now, limit, nextCheckAt }));
  if (!answer.ok) return answer;
  return ok(DueRows.parse(answer.value[0]?.rows).map((row) => ({ id: row.id, createdAt: row.created_at })));
}

function readByName(name: TopUpName): InStatement {
  if ('id' in name) return statement.readBy('id', name.id);
  return 'sessionId' in name ? statement.readBy('session_id', name.sessionId) : statement.readBy('intent_id', name.intentId);
}

function topUpsOf(set: ResultSet | undefined): readonly TopUp[] {
  return z.array(Row).parse(set?.rows).map(topUp);
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
