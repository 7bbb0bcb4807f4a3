import { Stripe } from 'stripe';
import type { Answer, Api } from './api.ts';

/** An event as the fake keeps it, with a fresh signature. */
type KeptEvent = { readonly id: string; readonly type: string; readonly body: string; readonly signature: string };

/** The fake for Stripe as a test drives it: as buyer, as seller, and as the post office between it and the API. */
export class StripeSide {
  readonly #url: string;
  readonly #seen = new Set<string>();
  /** The seller's own client: the official library, as the Worker's is. */
  readonly seller: Stripe;

  constructor(url: string) {
    this.#url = url;
    const { hostname, port } = new URL(url);
    this.seller = new Stripe('sk_test_seller', {
      host: hostname,
      port: Number(port),
      protocol: 'http',
      telemetry: false,
      maxNetworkRetries: 0,
    });
  }

  /** Does on the page of a session what a button does; follows nothing. */
  async buyer(sessionId: string, action: 'pay' | 'decline' | 'delayed' | 'expire'): Promise<string | null> {
    const answer = await fetch(`${this.#url}/c/pay/${sessionId}/${action}`, { method: 'POST', redirect: 'manual' });
    return answer.headers.get('Location');
  }

  /** The intent that a session was paid with. */
  async intentOf(sessionId: string): Promise<string> {
    const session = await this.seller.checkout.sessions.retrieve(sessionId);
    if (typeof session.payment_intent !== 'string') throw new Error('the session has no intent');
    return session.payment_intent;
  }

  async refund(sessionId: string, cents?: number): Promise<string> {
    const amount = cents === undefined ? {} : { amount: cents };
    return (await this.seller.refunds.create({ payment_intent: await this.intentOf(sessionId), ...amount })).id;
  }

  async dispute(sessionId: string, cents?: number): Promise<void> {
    const body = new URLSearchParams(cents === undefined ? {} : { cents: String(cents) });
    await fetch(`${this.#url}/dashboard/dispute/${await this.intentOf(sessionId)}`, { method: 'POST', body, redirect: 'manual' });
  }

  async decide(sessionId: string, outcome: 'won' | 'lost'): Promise<void> {
    const [dispute] = (await this.seller.disputes.list({ payment_intent: await this.intentOf(sessionId) })).data;
    await fetch(`${this.#url}/dashboard/${outcome}/${dispute?.id ?? ''}`, { method: 'POST', redirect: 'manual' });
  }

  /** Does something behind Stripe's back: see the fake. */
  async control(path: string, body: object): Promise<void> {
    const answer = await fetch(`${this.#url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  }

  /** The events since the last call, oldest first. */
  async takeEvents(): Promise<readonly KeptEvent[]> {
    // safe because the fake is this project's own
    const events = (await (await fetch(`${this.#url}/__webhooks`)).json()) as KeptEvent[];
    const fresh = events.filter((event) => !this.#seen.has(event.id));
    for (const event of fresh) this.#seen.add(event.id);
    return fresh;
  }

  /** Delivers every new event in order; returns the answers' statuses. */
  async deliver(api: Api): Promise<readonly number[]> {
    const statuses: number[] = [];
    for (const event of await this.takeEvents()) statuses.push((await post(api, event)).status);
    return statuses;
  }
}

/** Delivers one event as Stripe would. */
export function post(api: Api, event: Pick<KeptEvent, 'body' | 'signature'>): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': event.signature };
  return api.request('/v1/stripe/webhook', { method: 'POST', headers, body: event.body });
}
