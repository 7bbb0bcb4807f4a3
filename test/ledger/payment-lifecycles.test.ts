import type { Client } from '@libsql/client';
import { describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createTopUps } from '../../src/billing/topups/libsql-top-ups.ts';
import { createTopUpCheck } from '../../src/billing/topups/sync.ts';
import type { TopUps } from '../../src/billing/topups/top-ups.ts';
import type { Id } from '../../src/core/ids.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, countedIds, manualClock, memoryDatabase, textOf } from '../support/database.ts';
import {
  hintAbout,
  interleavedTopUps,
  Interleaver,
  modelPayments,
  ModelSession,
  type Random,
  randomFrom,
  withoutCompare,
} from './payment-lifecycles.ts';

/** Payments in one database: the audit reads every row, so many small databases are faster than a large one. */
const PAYMENTS_IN_A_DATABASE = 300;

/** Payments of one account whose steps are interleaved. */
const PAYMENTS_AT_ONCE = 5;

type Outcome = { steps: number; readonly wrong: string[] };

/** Simulates payments and returns those whose money differs from the model. Checks that every ledger adds up. */
async function live(payments: number, variant: (topUps: TopUps) => TopUps): Promise<Outcome> {
  const outcome: Outcome = { steps: 0, wrong: [] };
  for (let first = 0; first < payments; first += PAYMENTS_IN_A_DATABASE) {
    const client = await memoryDatabase();
    await liveIn(client, first / PAYMENTS_AT_ONCE, variant, outcome);
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
    client.close();
  }
  return outcome;
}

async function liveIn(client: Client, firstGroup: number, variant: (topUps: TopUps) => TopUps, outcome: Outcome): Promise<void> {
  const clock = manualClock();
  for (let group = firstGroup; group < firstGroup + PAYMENTS_IN_A_DATABASE / PAYMENTS_AT_ONCE; group++) {
    const random = randomFrom(group + 1);
    const interleaver = new Interleaver(random);
    const { accountId } = await addCustomer(client, { name: `group${group}` });
    const topUps = createTopUps({ client, clock });
    const sessions = await placeOrders(topUps, accountId, group, random);
    const slow = interleavedTopUps(variant(topUps), interleaver);
    const check = createTopUpCheck({ topUps: slow, payments: modelPayments(sessions, interleaver), clock, ids: countedIds() });
    const deliver = async (session: ModelSession, subject: 'session' | 'intent') => {
      await interleaver.pause();
      // Stripe repeats unacknowledged events.
      for (let answered = false; !answered;) answered = (await check.byHint(hintAbout(session, subject))).ok;
    };
    // In a third of the groups events are lost, and the cron has to catch up.
    const isLossy = group % 3 === 0;
    for (const session of sessions.values()) {
      interleaver.start(async () => {
        for (const events of session.life(random)) {
          for (const subject of events) {
            const copies = isLossy && random.below(2) === 0 ? 0 : 1 + random.below(3);
            for (let copy = 0; copy < copies; copy++) interleaver.start(() => deliver(session, subject));
          }
          await interleaver.pause();
        }
      });
    }
    await interleaver.run();
    if (isLossy) {
      for (const { sessionId } of sessions.values()) interleaver.start(async () => void (await check.bySession(sessionId)));
      await interleaver.run();
    }
    outcome.steps += interleaver.steps;
    for (const { sessionId, worth } of sessions.values()) {
      const order = await topUps.find({ sessionId });
      if (!order.ok || order.value?.target !== worth)
        outcome.wrong.push(`${sessionId}: ${order.ok ? order.value?.target : 'none'}, not ${worth}`);
    }
    const posted = await client.execute({ sql: 'SELECT posted_micros AS posted FROM account WHERE id = ?', args: [accountId] });
    const total = [...sessions.values()].reduce((sum, { worth }) => sum + worth, 0);
    if (posted.rows[0]?.['posted'] !== total) outcome.wrong.push(`${accountId} holds ${textOf(posted.rows[0]?.['posted'])}, not ${total}`);
  }
}

async function placeOrders(topUps: TopUps, accountId: Id<'acct'>, group: number, random: Random): Promise<Map<string, ModelSession>> {
  const sessions = new Map<string, ModelSession>();
  for (let number = 0; number < PAYMENTS_AT_ONCE; number++) {
    const session = new ModelSession(`${group}_${number}`, 50 + random.below(10_000));
    const id = `pay_${group}_${number}` as const;
    const credits = microCredits(session.cents * 10_000);
    await topUps.open({ id, accountId, credits, amountCents: session.cents, expiresAt: Number.MAX_SAFE_INTEGER, idempotencyKey: null });
    await topUps.attachSession(id, { sessionId: session.sessionId, url: 'https://pay.example/' });
    sessions.set(session.sessionId, session);
  }
  return sessions;
}

describe('payments with repeated, reordered, lost and concurrent events', () => {
  test('3,000 payments end with exactly what Stripe reports, in orders, balance and audit', async () => {
    const { steps, wrong } = await live(3_000, (topUps) => topUps);
    expect(wrong).toEqual([]);
    expect(steps).toBeGreaterThan(50_000);
  });

  test('without the compare-and-set some end wrong, so the simulation detects it', async () => {
    // The journal still adds up: what is wrong is the amount it was given.
    expect((await live(300, withoutCompare)).wrong.length).toBeGreaterThan(0);
  });
});
