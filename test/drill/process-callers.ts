import { Agent } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Random } from '../ledger/payment-lifecycles.ts';
import { type Call, judge, send, type WireAnswer } from './paid-call.ts';

const seconds = 1_000;

/** Many callers with pauses rather than few without, so that waiting calls pile up when the service is slow. */
const CALLERS = 16;

/** The longest pause between two calls of a caller: about a hundred calls a second in total. */
const LONGEST_PAUSE_MS = 800;

/** The caller gives up and the call counts as hung; the test's bound for a response is shorter. */
const PATIENCE_MS = 30 * seconds;

/** Shorter than workerd's idle timeout of five seconds, so that a reused connection is not closed at that moment. */
const IDLE_MS = 2 * seconds;

const SIGN_UP_PAUSE_MS = 250;

/** A busy machine may be too slow for one. */
const BALANCE_TRIES = 3;

/** US$1. */
const TOP_UP = 1_000_000;

/** Posts that can always be read. */
const GOOD_POSTS = ['DemoImage01', 'DemoVideo01', 'DemoAlbum01', 'DemoReel_01', 'DemoHidden1', 'DemoJapan01', 'DemoHindi01'] as const;

type Read = { readonly path: string; readonly shortcode: string };

/** Reads of several parts, each settled on its own line. */
const LARGE_READS: readonly [Read, ...Read[]] = [
  { path: '/v1/comments?url=DemoThread1&limit=20', shortcode: 'DemoThread1' },
  { path: '/v1/reel?url=DemoSpeech1&transcript=true&parse=summary', shortcode: 'DemoSpeech1' },
  { path: '/v1/comments?url=DemoThread1&limit=20&maxAgeSeconds=0', shortcode: 'DemoThread1' },
];

export type Customer = { readonly accountId: string; readonly apiKey: string; readonly once: (Read & { readonly key: string })[] };
export type TopUpOrder = { readonly sessionId: string; readonly accountId: string };

const SignedUp = z.object({ apiKey: z.string(), account: z.object({ id: z.string() }) });
const Me = z.object({ balance: z.object({ availableMicroCredits: z.int() }) });
const CheckedOut = z.object({ checkoutSession: z.object({ id: z.string(), url: z.string() }) });

/** Constant load: callers who read, repeat requests, top up and, on request, read failing posts or disconnect. */
export class Callers {
  readonly calls: Call[] = [];
  readonly topUps: TopUpOrder[] = [];
  readonly customers: Customer[] = [];
  /** The active fault. */
  during = 'start';
  /** The targets of one in three reads, unless empty. */
  brokenReads: readonly Read[] = [];
  readonly #url: string;
  readonly #random: Random;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512, timeout: IDLE_MS });
  #current: readonly Customer[] = [];
  #isOver = false;
  #lanes: Promise<void>[] = [];
  #keys = 0;

  constructor(url: string, random: Random) {
    this.#url = url;
    this.#random = random;
  }

  /** Gives all callers new customers, so that after-effects of a fault, such as repeated failures, don't affect the next. */
  async changeCustomers(): Promise<void> {
    this.#current = await Promise.all(Array.from({ length: CALLERS }, () => this.signUp()));
  }

  /** Signs up a new customer, retrying while the service recovers. */
  async signUp(): Promise<Customer> {
    const body = JSON.stringify({ accountName: 'Drill team', keyName: 'drill' });
    let last = '';
    for (const giveUpAt = Date.now() + PATIENCE_MS; Date.now() < giveUpAt; await sleep(SIGN_UP_PAUSE_MS)) {
      const answer = await this.#send('/v1/signup', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      last = answer.kind === 'answer' ? `${answer.status} ${answer.text}` : answer.kind;
      if (answer.kind !== 'answer' || answer.status !== 201) continue;
      const { apiKey, account } = SignedUp.parse(JSON.parse(answer.text));
      const customer: Customer = { accountId: account.id, apiKey, once: [] };
      this.customers.push(customer);
      return customer;
    }
    throw new Error(`nobody could sign up any more: ${last}`);
  }

  start(): void {
    this.#lanes = Array.from({ length: CALLERS }, (_, lane) => this.#call(lane));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
  }

  /** Closes the keep-alive sockets. */
  close(): void {
    this.#agent.destroy();
  }

  /** Makes and records one paid read. */
  async read(customer: Customer, { path, shortcode }: Read, onceKey: string | null, patienceMs = PATIENCE_MS): Promise<Call> {
    const { during } = this;
    const startedAt = Date.now();
    const headers = { Authorization: `Bearer ${customer.apiKey}`, ...(onceKey === null ? {} : { 'Idempotency-Key': onceKey }) };
    const outcome = judge(await this.#send(path, { headers }, patienceMs));
    const { accountId, apiKey } = customer;
    const call = { accountId, apiKey, path, shortcode, onceKey, during, startedAt, endedAt: Date.now(), outcome };
    this.calls.push(call);
    return call;
  }

  /** The available balance according to the service; null after a few failures in a row. */
  async shownBalance({ apiKey }: Customer): Promise<number | null> {
    for (let attempt = 1; attempt <= BALANCE_TRIES; attempt++) {
      const answer = await this.#send('/v1/me', { headers: { Authorization: `Bearer ${apiKey}` } });
      if (answer.kind !== 'answer' || answer.status !== 200) continue;
      return Me.parse(JSON.parse(answer.text)).balance.availableMicroCredits;
    }
    return null;
  }

  /** Starts many reads whose callers reset their connections before, during or after the service's work. */
  async hangUpOn(customer: Customer, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#hangUp(customer)));
  }

  async #call(lane: number): Promise<void> {
    while (!this.#isOver) {
      const customer = this.#current[lane];
      if (customer === undefined) throw new Error('every caller has a customer');
      await this.#step(customer);
      await sleep(this.#random.below(LONGEST_PAUSE_MS));
    }
  }

  async #step(customer: Customer): Promise<void> {
    const random = this.#random;
    const [firstBroken, ...moreBroken] = this.brokenReads;
    if (firstBroken !== undefined && random.below(3) === 0)
      return void (await this.read(customer, random.pick([firstBroken, ...moreBroken]), null));
    const choice = random.below(100);
    if (choice < 2) return this.#topUp(customer);
    if (choice < 10) return void (await this.read(customer, random.pick(LARGE_READS), null));
    const again = customer.once[random.below(customer.once.length)];
    if (choice < 30 && again !== undefined) return void (await this.read(customer, again, again.key));
    const read = this.#goodRead(choice % 5 < 2);
    if (choice < 55) {
      const key = this.#newKey();
      customer.once.push({ ...read, key });
      return void (await this.read(customer, read, key));
    }
    await this.read(customer, read, null);
  }

  #goodRead(isFresh: boolean): Read {
    const shortcode = this.#random.pick(GOOD_POSTS);
    return { path: `/v1/post?url=${shortcode}${isFresh ? '&maxAgeSeconds=0' : ''}`, shortcode };
  }

  #newKey(): string {
    this.#keys += 1;
    return `drill-${this.#keys}`;
  }

  /** Orders and pays a top-up. A missing response is ignored, because Stripe's final state is checked. */
  async #topUp({ accountId, apiKey }: Customer): Promise<void> {
    const headers = { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json', 'Idempotency-Key': this.#newKey() };
    const body = JSON.stringify({ microCredits: TOP_UP });
    const answer = await this.#send('/v1/topups/checkout', { method: 'POST', headers, body });
    if (answer.kind !== 'answer' || answer.status !== 200) return;
    const { id, url } = CheckedOut.parse(JSON.parse(answer.text)).checkoutSession;
    this.topUps.push({ sessionId: id, accountId });
    await send(`${url}/pay`, { agent: this.#agent, patienceMs: PATIENCE_MS, method: 'POST' });
  }

  #hangUp(customer: Customer): Promise<void> {
    const random = this.#random;
    const read = this.#goodRead(random.below(2) === 0);
    const onceKey = random.below(2) === 0 ? this.#newKey() : null;
    if (onceKey !== null) customer.once.push({ ...read, key: onceKey });
    const { hostname, port, host } = new URL(this.#url);
    const { during } = this;
    const startedAt = Date.now();
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      const lines = [`GET ${read.path} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${customer.apiKey}`];
      if (onceKey !== null) lines.push(`Idempotency-Key: ${onceKey}`);
      socket.on('connect', () => {
        socket.write(`${lines.join('\r\n')}\r\n\r\n`);
        setTimeout(() => socket.resetAndDestroy(), random.below(60));
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        const outcome = { kind: 'unanswered', mayHaveArrived: true, endedBy: 'caller' } as const;
        const { accountId, apiKey } = customer;
        this.calls.push({ accountId, apiKey, ...read, onceKey, during, startedAt, endedAt: Date.now(), outcome });
        resolve();
      });
    });
  }

  #send(path: string, options: Omit<Parameters<typeof send>[1], 'agent' | 'patienceMs'>, patienceMs = PATIENCE_MS): Promise<WireAnswer> {
    return send(`${this.#url}${path}`, { agent: this.#agent, patienceMs, ...options });
  }
}
