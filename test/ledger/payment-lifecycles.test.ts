import type { Client } from '@libsql/client';
import { describe, expect, test } from 'vitest';
import { auditLedger, brokenLaws } from '../../src/billing/audit/full-audit.ts';
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

/** Payments for one database: the audit reads everything, so many small databases are quicker than a large one. */
const PAYMENTS_IN_A_DATABASE = 300;

/** Payments whose steps are mixed with each other, all of one account. */
const PAYMENTS_AT_ONCE = 5;

type Outcome = { steps: number; readonly wrong: string[] };

/** Lives through a number of payments, a few at once; returns those whose money is not what the model says. Every ledger adds up. */
async function live(payments: number, variant: (topUps: TopUps) => TopUps): Promise<Outcome> {
  const outcome: Outcome = { steps: 0, wrong: [] };
  for (let first = 0; first < payments; first += PAYMENTS_IN_A_DATABASE) {
    const client = await memoryDatabase();
    await liveIn(client, first / PAYMENTS_AT_ONCE, variant, outcome);
    expect(brokenLaws(await auditLedger(client))).toEqual([]);
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
      // Stripe repeats what was not acknowledged.
      for (let answered = false; !answered;) answered = (await check.byHint(hintAbout(session, subject))).ok;
    };
    // In a third of the groups events are lost, and the cron makes up for it in the end.
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

describe('payments, with events repeated, out of order, lost and at the same moment', () => {
  test('3,000 lives end with exactly what Stripe says, in the orders, the balance and the audit', async () => {
    const { steps, wrong } = await live(3_000, (topUps) => topUps);
    expect(wrong).toEqual([]);
    expect(steps).toBeGreaterThan(50_000);
  });

  test('without the compare some of them end wrong, so these lives would show it', async () => {
    // The journal adds up all the same: what is wrong is what it was told.
    expect((await live(300, withoutCompare)).wrong.length).toBeGreaterThan(0);
  });
});
