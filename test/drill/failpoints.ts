import { z } from 'zod';
import { withTimeout, TIMED_OUT } from '../../src/core/timeout.ts';
import { ALL_COUNTERS } from '../../src/ops/metrics/counter-buffer.ts';
import { randomFrom } from '../ledger/payment-lifecycles.ts';
import type { Customer } from './customer.ts';
import { type Books, chargesOf, checkAudit, checkBooks, readBooks, type Undelivered } from './books.ts';
import { Buyers, type Send } from './buyers.ts';
import type { Drill, DrillOptions, DrillResult } from './drill.ts';
import { Failpoints, type Visit } from './failpoint.ts';
import { type Answer, LARGEST_SKEW_MS, Machines, type Variant } from './isolate.ts';
import { type Asked, PaidModel } from './paid-model.ts';
import { CUSTOMERS, type PaidOrder, paidOrder, pathOf } from './paid-orders.ts';
import { Breaches } from './promises.ts';
import { startWorld, type World } from './world.ts';

/** Requests of the short and the long version. */
const SHORT_REQUESTS = 10_000;
const LONG_REQUESTS = 100_000;

/** After this many requests faults stop and the books are checked. */
const REQUESTS_A_ROUND = 2_000;

/** Concurrent requests, and the isolates they share: two run in one, and end with it. */
const AT_ONCE = 24;
const ISOLATES = 8;

const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;
const days = 24 * hours;

/** The largest step of the clock with each request; a jump goes past the expiry of every open hold. */
const LONGEST_STEP_MS = 150;
const JUMP_MS = 41 * seconds;

/** Longer than half a round: a round begins so long before midnight. */
const EVENING_MS = 30 * minutes;

/** The largest step while some isolates count a request in one day and some in the next, so that most keys are used then. */
const LONGEST_STEP_AT_MIDNIGHT_MS = 8;

/** The budget of a key, some tens of reads, and the same for a day, few enough that a key would spend more in the two days of a round. */
const BUDGET_MICRO_CREDITS = 200_000;
const DAY_BUDGET_MICRO_CREDITS = 10_000;
const DAYS_OF_A_ROUND = 2;

/** Far beyond every deadline, even on a slow machine: a longer wait counts as a hang. */
const LONGEST_ANSWER_MS = 180 * seconds;

/** One in this many requests that got a response is repeated as well. */
const HEARD_AGAIN = 8;

/** Requests between two lines of progress. */
const REQUESTS_A_LINE = 500;

/** Enough runs of the cron to check every order that is due. */
const MOST_CRONS = 40;

/** Options of the failpoint test. `variant` replaces a part of the service with a broken one. */
export type FailpointOptions = Omit<DrillOptions, 'isLong'> & { readonly requests: number; readonly variant?: Variant };

/** Tests paid reads and payments with a fault at any call that leaves the isolate. */
export const failpointDrill: Drill = {
  name: 'failpoints',
  about: 'requests, webhooks and the cron, with a fault wherever something leaves the isolate',
  run: ({ isLong, ...options }) => drillFailpoints({ ...options, requests: isLong ? LONG_REQUESTS : SHORT_REQUESTS }),
};

export async function drillFailpoints(options: FailpointOptions): Promise<DrillResult> {
  const world = await startWorld();
  try {
    return await new FailpointDrill(world, options).run();
  } catch (error) {
    // Printed before stopping, which takes a while when requests are still running.
    options.say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    throw error;
  } finally {
    await world.stop();
  }
}

/** What the steps of one round share. */
type Stage = {
  readonly round: number;
  readonly customers: readonly Customer[];
  readonly model: PaidModel;
  readonly buyers: Buyers;
};

type PaidRead = { readonly number: number; readonly slot: number; readonly order: PaidOrder; readonly isHeard: boolean };

class FailpointDrill {
  readonly #world: World;
  readonly #options: FailpointOptions;
  readonly #failpoints = new Failpoints();
  readonly #machines: Machines;
  readonly #breaches: Breaches;
  readonly #undelivered: Undelivered = { refused: 0, refusedLate: 0, reset: 0, givenBack: 0 };
  readonly #ends = new Map<string, number>();
  readonly #startedAt = performance.now();
  /** Numbers every event; the id of a request contains it. */
  #number = 0;
  #sent = 0;
  #replays = 0;
  #crons = 0;
  #isCronRunning = false;
  #topUps = 0;

  constructor(world: World, options: FailpointOptions) {
    const { seed, variant = (deps) => deps } = options;
    this.#world = world;
    this.#options = options;
    this.#breaches = new Breaches(seed);
    this.#machines = new Machines(world, this.#failpoints, seed, variant);
  }

  async run(): Promise<DrillResult> {
    const { requests } = this.#options;
    for (let round = 1; this.#sent < requests; round++) {
      await this.#round(round, Math.min(requests, this.#sent + REQUESTS_A_ROUND));
    }
    await checkAudit(this.#world.database, this.#breaches);
    this.#say();
    const struck = [...this.#failpoints.struck.values()].reduce((sum, count) => sum + count, 0);
    const figures = {
      requests: this.#sent,
      'failpoints passed': this.#failpoints.passed,
      'faults injected': struck,
      'kinds of faults (place and outcome)': this.#failpoints.struck.size,
      'isolates killed': this.#machines.killedIsolates,
      'Durable Objects killed': this.#machines.killedObjects,
      'runs of the cron': this.#crons,
      'reads delivered': this.#ends.get('delivered') ?? 0,
      'reads refused': this.#ends.get('refused') ?? 0,
      'reads whose connection was reset': this.#ends.get('reset') ?? 0,
      'answers given again under an Idempotency-Key': this.#replays,
      'top-ups paid': this.#topUps,
      chargedUndelivered: this.#undelivered.refused,
      'chargedUndelivered, the charge arriving after the error': this.#undelivered.refusedLate,
      'charged, then killed, without an Idempotency-Key': this.#undelivered.reset,
      'charges given back as undelivered': this.#undelivered.givenBack,
      seconds: this.#seconds,
    };
    return { promises: this.#breaches.promises(), figures, breaches: this.#breaches.lines };
  }

  get #seconds(): number {
    return Math.round((performance.now() - this.#startedAt) / seconds);
  }

  #say(): void {
    const broken = this.#breaches.promises().reduce((sum, promise) => sum + promise.broken, 0);
    this.#options.say(`${this.#sent} requests, ${this.#failpoints.passed} failpoints, ${broken} broken, ${this.#seconds} s`);
  }

  /** One round: new customers, many requests with faults, then the check of the books. */
  async #round(round: number, until: number): Promise<void> {
    this.#failpoints.isCalm = true;
    this.#approachMidnight(EVENING_MS);
    const customers = await this.#customers(round);
    const model = new PaidModel(this.#breaches);
    const buyers = new Buyers(this.#world, customers, this.#breaches);
    await buyers.poison(await this.#customer(round, CUSTOMERS), this.#sender(0, ++this.#number));
    this.#failpoints.isCalm = false;
    const stage = { round, customers, model, buyers };
    await this.#work(stage, Math.round((this.#sent + until) / 2));
    this.#approachMidnight(LARGEST_SKEW_MS);
    await this.#work(stage, until);
    this.#failpoints.isCalm = true;
    await this.#failpoints.settled();
    await this.#reap();
    await this.#bringBack(customers, model);
    await this.#payUp(buyers);
    const books = await readBooks(this.#world.database, customers);
    const undelivered = checkBooks(books, model, customers, buyers.purchases, this.#breaches);
    for (const why of ['refused', 'refusedLate', 'reset', 'givenBack'] as const) this.#undelivered[why] += undelivered[why];
    this.#replays += model.replays;
    this.#topUps += buyers.purchases.filter(({ isPaid }) => isPaid).length;
    await buyers.leave();
    this.#world.letters.length = 0;
    // Far enough that no order of this round is due in the next.
    this.#world.clock.advance(200 * days);
  }

  async #work(stage: Stage, until: number): Promise<void> {
    const work = async (slot: number) => {
      while (this.#sent < until) await this.#act(stage, ++this.#number, slot);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, slot) => work(slot % ISOLATES)));
  }

  /** Goes on to the given time before the end of a day, which comes for each isolate by its own clock. */
  #approachMidnight(leftMs: number): void {
    const { clock } = this.#world;
    clock.advance(days - ((clock() + leftMs) % days));
  }

  /** Whether it is one day for some isolates and the next for others. */
  get #isMidnight(): boolean {
    return (this.#world.clock() + LARGEST_SKEW_MS) % days < 2 * LARGEST_SKEW_MS;
  }

  /** Takes one step, which depends only on (seed, number). */
  async #act(stage: Stage, number: number, slot: number): Promise<void> {
    const { buyers } = stage;
    const random = randomFrom(Math.imul(this.#options.seed, 0x27d4eb2f) ^ number);
    this.#world.clock.advance(random.below(this.#isMidnight ? LONGEST_STEP_AT_MIDNIGHT_MS : LONGEST_STEP_MS));
    const dice = random.below(1_000);
    if (dice < 6 && !this.#isMidnight) this.#world.clock.advance(JUMP_MS);
    if (dice < 16) return this.#cron(slot, number);
    if (dice < 200) return buyers.act(number, random, this.#sender(slot, number));
    const order = paidOrder(this.#options.seed, stage.round, number);
    await this.#read(stage, { number, slot, order, isHeard: random.below(30) !== 0 });
  }

  /** Sends one paid request. `isHeard`: the caller is still connected when the response arrives. */
  async #read({ customers, model }: Pick<Stage, 'customers' | 'model'>, read: PaidRead): Promise<Asked> {
    const { number, slot, order, isHeard } = read;
    const customer = customers[order.customer];
    if (customer === undefined) throw new Error('there is no such customer');
    const headers: Record<string, string> = { Authorization: `Bearer ${customer[order.key]}` };
    if (order.idempotencyKey !== null) headers['Idempotency-Key'] = order.idempotencyKey;
    const { visit, answer } = await this.#send(slot, number, pathOf(order), { headers });
    const asked = model.note(number, order, answer, { isHeard, hasStragglers: visit.hasStragglers });
    this.#ends.set(asked.end.kind, (this.#ends.get(asked.end.kind) ?? 0) + 1);
    return asked;
  }

  async #send(slot: number, number: number, path: string, init: RequestInit): Promise<{ readonly visit: Visit; readonly answer: Answer }> {
    this.#sent += 1;
    if (this.#sent % REQUESTS_A_LINE === 0) this.#say();
    const isolate = this.#machines.isolate(slot);
    const visit = this.#machines.visit(isolate, number);
    const answer = await withTimeout(isolate.request(visit, path, init), LONGEST_ANSWER_MS);
    if (answer !== TIMED_OUT) return { visit, answer };
    this.#breaches.add('taxonomy', number, 'there is no answer and none will come');
    return { visit, answer: null };
  }

  #sender(slot: number, number: number): Send {
    return async (path, init) => (await this.#send(slot, number, path, init)).answer;
  }

  /** Runs the cron, unless a run is in progress: two would only lose to each other. */
  async #cron(slot: number, number: number): Promise<void> {
    if (this.#isCronRunning) return;
    this.#isCronRunning = true;
    const isolate = this.#machines.isolate(slot);
    await isolate.cron(this.#machines.visit(isolate, number));
    await this.#machines.alarm('METRICS', ALL_COUNTERS, 'flush');
    await this.#machines.alarm('LEDGER', 'shard-0', 'alarm');
    this.#crons += 1;
    this.#isCronRunning = false;
  }

  /** Advances past the expiry of every hold and runs the sweep. */
  async #reap(): Promise<void> {
    this.#world.clock.advance(2 * JUMP_MS);
    await this.#cron(0, ++this.#number);
    // A pending compensation of an unknown request is dropped after two minutes.
    for (let turn = 0; turn < MOST_CRONS && this.#machines.owed > 0; turn++) {
      this.#world.clock.advance(JUMP_MS);
      await this.#machines.alarm('LEDGER', 'shard-0', 'alarm');
    }
    if (this.#machines.owed > 0) this.#breaches.add('undelivered', null, `${this.#machines.owed} requests are never undone`);
  }

  /** Repeats charges whose response was lost under their Idempotency-Key, and some others, and compares the responses. */
  async #bringBack(customers: readonly Customer[], model: PaidModel): Promise<void> {
    const before: Books = await readBooks(this.#world.database, customers);
    const lost = chargesOf(before).flatMap(({ id }) => {
      const asked = model.asked.get(id);
      const isHeard = model.deliveries.get(id)?.isHeard === true;
      const isWanted = asked !== undefined && asked.order.idempotencyKey !== null && (!isHeard || asked.number % HEARD_AGAIN === 0);
      return isWanted ? [{ id, asked }] : [];
    });
    const work = async (slot: number) => {
      for (let next = lost.pop(); next !== undefined; next = lost.pop()) {
        const { end } = await this.#read({ customers, model }, { number: ++this.#number, slot, order: next.asked.order, isHeard: true });
        if (end.kind === 'delivered' && end.receiptId === next.id) continue;
        const got = end.kind === 'refused' ? end.code : end.kind;
        this.#breaches.add('replay', next.asked.number, `charged, and its Idempotency-Key brings ${got}`);
      }
    };
    await Promise.all(Array.from({ length: ISOLATES }, (_, slot) => work(slot)));
  }

  /** Delivers the remaining webhooks without faults, and runs the cron for the lost ones. */
  async #payUp(buyers: Buyers): Promise<void> {
    await buyers.finish((path, init) => this.#sender(0, ++this.#number)(path, init));
    this.#world.clock.advance(7 * hours);
    for (let run = 0; run < MOST_CRONS && (await this.#dueOrders()) > 0; run++) await this.#cron(0, ++this.#number);
    await buyers.settleUp();
  }

  async #dueOrders(): Promise<number> {
    const { database, clock } = this.#world;
    const answer = await database.execute({ sql: 'SELECT count(*) AS due FROM checkout WHERE next_check_at <= ?', args: [clock()] });
    return z.array(z.object({ due: z.int() })).parse(answer.rows)[0]?.due ?? 0;
  }

  async #customers(round: number): Promise<readonly Customer[]> {
    const customers: Customer[] = [];
    for (let index = 0; index < CUSTOMERS; index++) customers.push(await this.#customer(round, index));
    return customers;
  }

  async #customer(round: number, index: number): Promise<Customer> {
    const json = { 'Content-Type': 'application/json' };
    const signUp = { accountName: `Drill ${round}`, keyName: `customer ${index}` };
    const { apiKey: root, account } = await this.#ask(SignedUp, '/v1/signup', json, signUp);
    const isDaily = index % 2 === 1;
    const microCredits = isDaily ? DAY_BUDGET_MICRO_CREDITS : BUDGET_MICRO_CREDITS;
    const draft = { name: 'budgeted', budget: { microCredits, ...(isDaily ? { period: 'day' } : {}) } };
    const minted = await this.#ask(Minted, '/v1/keys', { ...json, Authorization: `Bearer ${root}` }, draft);
    const budgetOfRound = isDaily ? DAYS_OF_A_ROUND * microCredits : microCredits;
    return { accountId: account.id, root, budgeted: minted.apiKey, budgetedKeyId: minted.key.id, budgetOfRound };
  }

  async #ask<T>(schema: z.ZodType<T>, path: string, headers: Record<string, string>, body: object): Promise<T> {
    const answer = await this.#sender(0, ++this.#number)(path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (answer === null || answer.status > 201) throw new Error(`${path} answered ${answer?.status}: ${answer?.text}`);
    return schema.parse(JSON.parse(answer.text));
  }
}

const SignedUp = z.object({ apiKey: z.string(), account: z.object({ id: z.string() }) });
const Minted = z.object({ apiKey: z.string(), key: z.object({ id: z.string() }) });
