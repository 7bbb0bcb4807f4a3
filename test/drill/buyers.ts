import { Stripe } from 'stripe';
import { z } from 'zod';
import { FAKE_WEBHOOK_SECRET } from '../../local/fakes/stripe.ts';
import type { Random } from '../ledger/payment-lifecycles.ts';
import { StripeSide } from '../support/stripe.ts';
import type { Customer } from './customer.ts';
import type { Answer } from './isolate.ts';
import { isExplained } from './paid-model.ts';
import type { Breaches } from './promises.ts';
import type { Letter, World } from './world.ts';

/** One top-up whose buyer was sent to pay. */
export type Purchase = {
  readonly number: number;
  readonly accountId: string;
  readonly sessionId: string;
  readonly cents: number;
  isPaid: boolean;
  /** What the ledger should finally hold for it, according to Stripe. */
  worth: number;
};

export type Send = (path: string, init: RequestInit) => Promise<Answer>;

const CREDITS_A_CENT = 10_000;

/** Deliveries of an event before Stripe gives up; after that the cron has to find the change. */
const MOST_DELIVERIES = 6;

const Checkout = z.object({ checkoutSession: z.object({ id: z.string() }) });
const Refused = z.object({ error: z.object({ code: z.string() }) });

type Order = { readonly number: number; readonly customer: Customer; readonly cents: number; readonly idempotencyKey: string | null };

/** The buyers of one round, and Stripe: orders, payments, refunds, disputes, and webhooks that are late, repeated or lost. */
export class Buyers {
  readonly purchases: Purchase[] = [];
  readonly #world: World;
  readonly #customers: readonly Customer[];
  readonly #breaches: Breaches;
  readonly #stripe: StripeSide;
  /** Orders without a response, whose request is sent again. */
  readonly #unanswered: Order[] = [];
  /** Paid, with every event lost and no buyer who comes back: only the cron can find it. */
  readonly #quiet: Purchase[] = [];

  constructor(world: World, customers: readonly Customer[], breaches: Breaches) {
    this.#world = world;
    this.#customers = customers;
    this.#breaches = breaches;
    this.#stripe = new StripeSide(world.stripeUrl);
  }

  /**
   * Has a stranger's orders that no check can handle stand before everything that the cron has to do in this round: a row that no release
   * has written, and a session that Stripe's library can't read. Behind them it has to find a purchase of which nobody tells.
   */
  async poison(stranger: Customer, send: Send): Promise<void> {
    const { database } = this.#world;
    const place = async (customer: Customer, idempotencyKey: string): Promise<Purchase> => {
      const before = this.purchases.length;
      await this.#order({ number: 0, customer, cents: 100, idempotencyKey }, send);
      const purchase = this.purchases.splice(before)[0];
      if (purchase === undefined) throw new Error('an order was refused without any fault');
      await this.#stripe.buyer(purchase.sessionId, 'pay');
      return { ...purchase, isPaid: true };
    };
    const [row, session] = [await place(stranger, 'row'), await place(stranger, 'session')];
    const soonest = 'next_check_at = 1 WHERE payment_id = (SELECT id FROM payment WHERE session_id = ?)';
    await database.execute({ sql: `UPDATE checkout SET state = 'of no release', ${soonest}`, args: [row.sessionId] });
    await database.execute({ sql: `UPDATE checkout SET ${soonest}`, args: [session.sessionId] });
    await this.#stripe.control(`/__sessions/${session.sessionId}`, { currency_conversion: { fx_rate: '' } });
    const [first] = this.#customers;
    if (first !== undefined) this.#quiet.push(await place(first, 'quiet'));
    this.#lost = [row, session, ...this.#quiet].map(({ sessionId }) => sessionId);
  }

  #lost: readonly string[] = [];

  /** Takes one random step of a buyer, the seller or Stripe. */
  async act(number: number, random: Random, send: Send): Promise<void> {
    const dice = random.below(100);
    if (dice < 16) return this.#order(this.#newOrder(number, random), send);
    if (dice < 24) return this.#orderAgain(send);
    if (dice < 40) return this.#atStripe(random, (purchase) => this.#pay(purchase, random));
    if (dice < 52) return this.#atStripe(random, (purchase) => this.#reverse(purchase, random));
    if (dice < 60) return this.#comeBack(random, send);
    return this.#deliver(random, send);
  }

  /** Finishes the round without faults: every order gets a response, and every remaining webhook is delivered. */
  async finish(send: Send): Promise<void> {
    while (this.#unanswered.length > 0) await this.#orderAgain(send);
    for (const letter of this.#world.letters.splice(0)) await this.#bring(letter, send);
    this.purchases.push(...this.#quiet);
  }

  /** Asks Stripe for the final state of each purchase. */
  async settleUp(): Promise<void> {
    for (const purchase of this.purchases) purchase.worth = await this.#worthOf(purchase);
  }

  /** Expires unpaid sessions and lets the poisoned ones rest, so that they don't affect later rounds. */
  async leave(): Promise<void> {
    for (const { sessionId, isPaid } of this.purchases) if (!isPaid) await this.#stripe.buyer(sessionId, 'expire');
    const lost = JSON.stringify(this.#lost);
    const poisoned = 'SELECT p.id FROM payment p WHERE p.session_id IN (SELECT j.value FROM json_each(?) j)';
    await this.#world.database.execute({ sql: `UPDATE checkout SET next_check_at = NULL WHERE payment_id IN (${poisoned})`, args: [lost] });
  }

  #newOrder(number: number, random: Random): Order {
    const customer = this.#customers[random.below(this.#customers.length)];
    if (customer === undefined) throw new Error('there is no customer');
    return { number, customer, cents: 50 + random.below(150), idempotencyKey: random.below(4) === 0 ? null : `top-up-${number}` };
  }

  async #order(order: Order, send: Send): Promise<void> {
    const { number, customer, cents, idempotencyKey } = order;
    const headers: Record<string, string> = { Authorization: `Bearer ${customer.root}`, 'Content-Type': 'application/json' };
    if (idempotencyKey !== null) headers['Idempotency-Key'] = idempotencyKey;
    const body = JSON.stringify({ microCredits: cents * CREDITS_A_CENT });
    const answer = await send('/v1/topups/checkout', { method: 'POST', headers, body });
    if (answer?.status === 200) {
      const { id } = Checkout.parse(JSON.parse(answer.text)).checkoutSession;
      if (this.purchases.some(({ sessionId }) => sessionId === id)) return;
      this.purchases.push({ number, accountId: customer.accountId, sessionId: id, cents, isPaid: false, worth: 0 });
      return;
    }
    this.#explained(number, answer);
    // Without a key a new order is created; with one, the same order continues.
    if (idempotencyKey !== null) this.#unanswered.push(order);
  }

  async #orderAgain(send: Send): Promise<void> {
    const order = this.#unanswered.shift();
    if (order === undefined) return;
    // The claim of a crashed request lasts half a minute.
    this.#world.clock.advance(5_000);
    await this.#order(order, send);
  }

  async #atStripe(random: Random, act: (purchase: Purchase) => Promise<unknown>): Promise<void> {
    const purchase = this.purchases[random.below(this.purchases.length)];
    if (purchase !== undefined) await act(purchase);
  }

  async #pay(purchase: Purchase, random: Random): Promise<void> {
    if (purchase.isPaid) return;
    const dice = random.below(20);
    const isDeclined = dice === 0;
    const isLeft = dice === 1;
    purchase.isPaid = !isDeclined && !isLeft;
    await this.#stripe.buyer(purchase.sessionId, isDeclined ? 'decline' : isLeft ? 'expire' : 'pay');
  }

  /** Refunds in part or in full, opens a dispute, or decides one. What Stripe refuses has no effect. */
  async #reverse({ sessionId, cents, isPaid }: Purchase, random: Random): Promise<void> {
    if (!isPaid) return;
    const part = 1 + random.below(cents);
    const whole = random.below(3) === 0;
    try {
      switch (random.below(4)) {
        case 0:
          return await this.#stripe.dispute(sessionId, whole ? undefined : part);
        case 1:
          return await this.#stripe.decide(sessionId, random.pick(['won', 'lost']));
        case 2: {
          const refund = await this.#stripe.refund(sessionId, part);
          return await this.#stripe.control(`/__refunds/${refund}`, {});
        }
        default:
          await this.#stripe.refund(sessionId, whole ? undefined : part);
      }
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError) && !isNotPaidYet(error)) throw error;
    }
  }

  async #comeBack(random: Random, send: Send): Promise<void> {
    await this.#atStripe(random, ({ sessionId }) => send(`/topups/return?session_id=${sessionId}`, { method: 'GET' }));
  }

  async #deliver(random: Random, send: Send): Promise<void> {
    const { letters } = this.#world;
    const [letter] = letters.splice(random.below(letters.length), 1);
    if (letter === undefined) return;
    const fate = random.below(10);
    if (fate === 0) return;
    // Some are delivered twice concurrently.
    await Promise.all([this.#bring(letter, send), ...(fate === 1 ? [this.#bring({ ...letter, tries: MOST_DELIVERIES }, send)] : [])]);
  }

  async #bring(letter: Letter, send: Send): Promise<void> {
    if (this.#lost.some((sessionId) => letter.body.includes(sessionId))) return;
    letter.tries += 1;
    const timestamp = Math.floor(this.#world.clock() / 1_000);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload: letter.body, secret: FAKE_WEBHOOK_SECRET, timestamp });
    const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature };
    const answer = await send('/v1/stripe/webhook', { method: 'POST', headers, body: letter.body });
    if (answer?.status === 200) return;
    this.#explained(null, answer);
    if (letter.tries < MOST_DELIVERIES) this.#world.letters.push(letter);
  }

  #explained(number: number | null, answer: Answer): void {
    if (answer === null) return;
    const parsed = Refused.safeParse(JSON.parse(answer.text));
    const code = parsed.success ? parsed.data.error.code : 'none';
    if (!isExplained(code, answer.status)) this.#breaches.add('taxonomy', number, `a payment step was answered ${answer.status} ${code}`);
  }

  /** Computed from Stripe's data, without the code under test: paid, minus succeeded refunds and disputes not won. */
  async #worthOf({ sessionId, cents }: Purchase): Promise<number> {
    const { seller } = this.#stripe;
    const session = await seller.checkout.sessions.retrieve(sessionId);
    if (session.payment_status !== 'paid' || typeof session.payment_intent !== 'string') return 0;
    const filter = { payment_intent: session.payment_intent, limit: 100 };
    const [refunds, disputes] = await Promise.all([seller.refunds.list(filter), seller.disputes.list(filter)]);
    const gone = [
      ...refunds.data.filter(({ status }) => status === 'succeeded').map(({ amount }) => amount),
      ...disputes.data.filter(({ status }) => status !== 'won').map(({ amount }) => amount),
    ].reduce((sum, amount) => sum + amount, 0);
    return Math.max(0, cents - gone) * CREDITS_A_CENT;
  }
}

/** A purchase can be chosen for a reversal while it is being paid. */
function isNotPaidYet(error: unknown): boolean {
  return error instanceof Error && error.message === 'the session has no intent';
}
