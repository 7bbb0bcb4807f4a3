import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { auditLedger } from '../../src/billing/audit/full-audit.ts';
import { StripeSide } from '../support/stripe.ts';
import type { Book } from './process-book.ts';
import type { Callers, Customer } from './process-callers.ts';
import type { Service } from './process-service.ts';

const seconds = 1_000;

/** Past the expiry of the last hold, for the cron. */
const MARGIN_MS = 200;

/** Allows the cron to finish. */
const CRON_MS = 20 * seconds;

/** Tries of a repeat that is told to retry later. */
const REPEATS = 8;
const REPEAT_PAUSE_MS = 500;

/** Concurrent repeats. */
const AT_ONCE = 16;

/** The most Idempotency-Keys without problems that are repeated. */
const MOST_EASY_KEYS = 300;

const Rows = z.array(z.record(z.string(), z.unknown()));

/** The results of the final phase, with the book. */
export type Closing = { readonly book: Book; readonly repeated: number; readonly expired: number };

/**
 * Runs after all faults: waits for every open hold to expire, lets the cron give them back, repeats the reads with an Idempotency-Key,
 * delivers Stripe's lost webhooks, and reads the book.
 */
export async function closeBooks(service: Service, callers: Callers, grant: number): Promise<Closing> {
  const [open] = await rows(service, `SELECT count(*) AS holds, max(expires_at) AS last FROM hold WHERE state = 'open'`);
  const last = z.int().nullable().parse(open?.['last']);
  if (last !== null) await sleep(Math.max(0, last + MARGIN_MS - Date.now()));
  await service.runCron();
  const overdue = async () => {
    const [found] = await rows(service, `SELECT count(*) AS holds FROM hold WHERE state = 'open' AND expires_at <= ?`, [Date.now()]);
    return z.int().parse(found?.['holds']);
  };
  for (const giveUpAt = Date.now() + CRON_MS; (await overdue()) > 0 && Date.now() < giveUpAt;) await sleep(REPEAT_PAUSE_MS);
  const openHolds = await overdue();
  const repeated = await repeatKeys(callers);
  const paidSessions = await finishTopUps(service, callers);
  // For what the repeats and the late webhooks have left.
  await service.runCron();
  const book = await readBook(service, callers, { grant, openHolds, paidSessions });
  return { book, repeated, expired: z.int().parse(open?.['holds']) };
}

/** Repeats every key with a failed call, and many others. Returns how many. */
async function repeatKeys(callers: Callers): Promise<number> {
  callers.during = 'repeats';
  const troubled = new Set(callers.calls.flatMap((call) => (call.onceKey !== null && call.outcome.kind !== 'paid' ? [call.onceKey] : [])));
  const called = new Set(callers.calls.flatMap(({ onceKey }) => (onceKey === null ? [] : [onceKey])));
  let easyLeft = MOST_EASY_KEYS;
  const wanted = callers.customers.flatMap((customer) =>
    customer.once.filter(({ key }) => called.has(key) && (troubled.has(key) || easyLeft-- > 0)).map((read) => ({ customer, read })),
  );
  const queue = wanted.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const { customer, read } of queue) await repeat(callers, customer, read);
    }),
  );
  return wanted.length;
}

async function repeat(callers: Callers, customer: Customer, read: Customer['once'][number]): Promise<void> {
  for (let attempt = 1; attempt <= REPEATS; attempt++) {
    const { outcome } = await callers.read(customer, read, read.key);
    if (outcome.kind === 'paid') return;
    if (outcome.kind === 'refused' && outcome.code !== 'overloaded' && outcome.code !== 'idempotency_in_flight') return;
    await sleep(REPEAT_PAUSE_MS * attempt);
  }
}

/** Delivers all of Stripe's events once more. Returns the paid sessions. */
async function finishTopUps(service: Service, callers: Callers): Promise<Book['paidSessions']> {
  const stripe = new StripeSide(service.stripeUrl);
  for (const { body, signature } of await stripe.takeEvents()) {
    const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature };
    const answer = await fetch(`${service.url}/v1/stripe/webhook`, { method: 'POST', headers, body });
    await answer.text();
  }
  const paid: { sessionId: string; accountId: string; microCredits: number }[] = [];
  for (const { sessionId, accountId } of callers.topUps) {
    const session = await stripe.seller.checkout.sessions.retrieve(sessionId);
    // One cent is 10,000 micro-credits.
    if (session.payment_status === 'paid') paid.push({ sessionId, accountId, microCredits: (session.amount_subtotal ?? 0) * 10_000 });
  }
  return paid;
}

const EntryRow = z.object({
  account_id: z.string(),
  kind: z.string(),
  ref: z.string(),
  delta_micros: z.int(),
  shortcode: z.string().nullable(),
  session_id: z.string().nullable(),
});

const AccountRow = z.object({ id: z.string(), posted_micros: z.int(), held_micros: z.int() });

async function readBook(service: Service, callers: Callers, known: Pick<Book, 'grant' | 'openHolds' | 'paidSessions'>): Promise<Book> {
  const entries = await rows(
    service,
    `SELECT e.account_id, e.kind, e.ref, e.delta_micros, r.body ->> 'shortcode' AS shortcode, p.session_id
       FROM entry e LEFT JOIN receipt r ON e.kind = 'usage' AND r.id = e.ref LEFT JOIN payment p ON e.kind = 'topup' AND p.id = e.ref`,
  );
  const accounts = await rows(service, 'SELECT id, posted_micros, held_micros FROM account');
  const shown = new Map<string, number | null>();
  for (const customer of callers.customers) shown.set(customer.accountId, await callers.shownBalance(customer));
  return {
    ...known,
    accounts: z
      .array(AccountRow)
      .parse(accounts)
      .map((row) => ({ id: row.id, posted: row.posted_micros, held: row.held_micros, shown: shown.get(row.id) ?? null })),
    entries: z
      .array(EntryRow)
      .parse(entries)
      .map((row) => ({
        accountId: row.account_id,
        kind: row.kind,
        ref: row.ref,
        delta: row.delta_micros,
        shortcode: row.shortcode,
        sessionId: row.session_id,
      })),
    audit: await auditLedger(service.database),
  };
}

async function rows(service: Service, sql: string, args: readonly number[] = []): Promise<z.infer<typeof Rows>> {
  return Rows.parse((await service.database.execute({ sql, args: [...args] })).rows);
}
