import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../src/core/clock.ts';

/** Stripe retries for days; three attempts a second apart survive a restart here. */
const TRIES = 3;
const PAUSE_MS = 1_000;

/** Remembered events; the oldest are dropped first. */
const MOST_EVENTS = 1_000;

/** The delivery of new events. `hold` keeps them until they are released; without a URL every event is held. */
export type Delivery = { readonly mode: 'deliver' | 'hold' | 'drop'; readonly copies: number; readonly delayMs: number };

export type StripeEvent = {
  readonly id: string;
  readonly type: string;
  readonly body: string;
  state: 'held' | 'sent' | 'dropped';
  status: number | null;
};

/** The account's events, signed like Stripe's and delivered as the tests decide. */
export class Webhooks {
  delivery: Delivery = { mode: 'deliver', copies: 1, delayMs: 0 };
  readonly events: StripeEvent[] = [];
  readonly #url: string | null;
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(url: string | null, secret: string, clock: Clock) {
    this.#url = url;
    this.#secret = secret;
    this.#clock = clock;
  }

  emit(type: string, object: object): void {
    const id = `evt_${randomBytes(12).toString('hex')}`;
    const body = JSON.stringify({
      id,
      object: 'event',
      api_version: '2026-10-28.endive',
      created: Math.floor(this.#clock() / 1_000),
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
      data: { object },
    });
    const event: StripeEvent = { id, type, body, state: 'held', status: null };
    this.events.push(event);
    if (this.events.length > MOST_EVENTS) this.events.shift();
    switch (this.delivery.mode) {
      case 'deliver':
        if (this.#url !== null) this.#send(event, this.delivery);
        return;
      case 'drop':
        event.state = 'dropped';
        return;
      case 'hold':
        return;
    }
  }

  /** Sends the held events, on request the newest first. */
  release(inReverse: boolean): void {
    const held = this.events.filter((event) => event.state === 'held');
    for (const event of inReverse ? held.toReversed() : held) this.#send(event, this.delivery);
  }

  /** The `Stripe-Signature` of a body, signed now. */
  sign(body: string): string {
    const time = Math.floor(this.#clock() / 1_000);
    return `t=${time},v1=${createHmac('sha256', this.#secret).update(`${time}.${body}`).digest('hex')}`;
  }

  #send(event: StripeEvent, { copies, delayMs }: Delivery): void {
    event.state = 'sent';
    for (let copy = 0; copy < copies; copy++) void this.#deliver(event, delayMs);
  }

  async #deliver(event: StripeEvent, delayMs: number): Promise<void> {
    if (this.#url === null) return;
    if (delayMs > 0) await sleep(delayMs);
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      event.status = await post(this.#url, event.body, this.sign(event.body));
      if (event.status !== null && event.status < 300) return;
      if (attempt < TRIES) await sleep(PAUSE_MS, undefined, { ref: false });
    }
  }
}

async function post(url: string, body: string, signature: string): Promise<number | null> {
  try {
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    return (await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) })).status;
  } catch {
    return null;
  }
}
