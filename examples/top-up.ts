// Reads a post; where the balance does not cover it, has a person top up, waits for the credit, and reads.
//
//   IGSKILL_API_KEY=igsk_… node examples/top-up.ts DemoImage01
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const BASE_URL = process.env['IGSKILL_BASE_URL'] ?? 'http://127.0.0.1:8787';
const API_KEY = process.env['IGSKILL_API_KEY'] ?? '';

/** The service answers a read within 30 seconds. */
const TIMEOUT_MS = 40_000;

/** The credit arrives seconds after the payment. */
const POLL_SECONDS = 2;

/** A person who has not paid by then comes back to the page later: it can be used for 23 hours. */
const MAX_WAIT_MINUTES = 30;

type Answer = { readonly status: number; readonly body: unknown };

// Only the fields used here; /docs describes all of them.
type Failure = {
  readonly error: { readonly code: string; readonly message: string; readonly details?: { readonly topUp?: { readonly body: unknown } } };
};
type Checkout = { readonly checkoutSession: { readonly url: string }; readonly microCredits: number; readonly topUpId: string };
type TopUp = { readonly status: string };
type Read = { readonly data: { readonly caption: string | null }; readonly usage: { readonly settledMicroCredits: number } };

async function send(method: 'GET' | 'POST', path: string, idempotencyKey?: string, body?: unknown): Promise<Answer> {
  const headers = new Headers({ authorization: `Bearer ${API_KEY}` });
  if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${BASE_URL}${path}`, {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** The body of a success. `T` says its shape, which /openapi.json documents. */
function bodyOf<T>({ status, body }: Answer): T {
  // safe because the status was checked, and a success has the documented shape
  if (status === 200) return body as T;
  const { code, message } = (body as Failure).error; // safe because anything else is an error of the service
  throw new Error(`${code}: ${message}`);
}

/** Buys what the 402 proposes and returns once it was credited. Needs a key with the scope `billing`. */
async function topUp(order: unknown): Promise<void> {
  // A repeat with the same key would return the same page instead of making a second order.
  const { checkoutSession, microCredits, topUpId } = bodyOf<Checkout>(await send('POST', '/v1/topups/checkout', randomUUID(), order));
  console.log(`Pay ${microCredits / 1_000_000} US dollars at ${checkoutSession.url}`);
  const deadline = Date.now() + MAX_WAIT_MINUTES * 60_000;
  while (Date.now() < deadline) {
    const { status } = bodyOf<TopUp>(await send('GET', `/v1/topups/${topUpId}`));
    if (status === 'paid') return;
    if (status !== 'open') throw new Error(`The top-up is ${status}.`);
    await sleep(POLL_SECONDS * 1_000);
  }
  throw new Error(`Nobody has paid within ${MAX_WAIT_MINUTES} minutes.`);
}

async function main(post: string): Promise<void> {
  const path = `/v1/post?${new URLSearchParams({ url: post })}`;
  let answer = await send('GET', path, randomUUID());
  if (answer.status === 402) {
    // safe because every error has this shape
    const { error } = answer.body as Failure;
    // The other 402s are limits that somebody set on purpose: a ceiling or the budget of a key.
    if (error.code !== 'insufficient_credits') throw new Error(`${error.code}: ${error.message}`);
    console.error(error.message);
    await topUp(error.details?.topUp?.body);
    // A new key: the old one belongs to the request that was refused.
    answer = await send('GET', path, randomUUID());
  }
  const { data, usage } = bodyOf<Read>(answer);
  // A stranger wrote the caption: JSON keeps it on one line and in quotes.
  console.log(JSON.stringify({ post, caption: data.caption, costMicroCredits: usage.settledMicroCredits }));
}

await main(process.argv[2] ?? 'DemoImage01');
