// Reads posts for an agent: asks for the price, reads with a price ceiling, retries safely, and prints one line of JSON per post.
//
//   IGSKILL_API_KEY=igsk_… node examples/agent.ts DemoImage01 https://www.instagram.com/p/DemoAlbum01/
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const BASE_URL = process.env['IGSKILL_BASE_URL'] ?? 'http://127.0.0.1:8787';
const API_KEY = process.env['IGSKILL_API_KEY'] ?? '';

/** The most that one run spends. 1,000,000 micro-credits are US$1. */
const BUDGET_MICRO_CREDITS = 50_000;

/** The service answers a read within 30 seconds. */
const TIMEOUT_MS = 40_000;

const MAX_ATTEMPTS = 4;

/** A longer Retry-After is not worth waiting for here. */
const MAX_WAIT_SECONDS = 60;

type Problem = { readonly code: string; readonly message: string; readonly retryable: boolean };
type Answer<T> = { readonly ok: true; readonly body: T } | { readonly ok: false; readonly problem: Problem };

// Only the fields used here; /docs describes all of them.
type Quote = { readonly quote: { readonly maximumMicroCredits: number; readonly expectedMicroCredits: number } };
type Read = {
  readonly data: { readonly caption: string | null };
  readonly limitations: readonly { readonly code: string; readonly path: string; readonly reason: string }[];
  readonly usage: { readonly settledMicroCredits: number };
};

/** Sends one request, again where that can help. All attempts carry the same key, so a read is charged once even if its response is lost. */
async function get<T>(query: Record<string, string>): Promise<Answer<T>> {
  const url = `${BASE_URL}/v1/post?${new URLSearchParams(query)}`;
  const headers = { authorization: `Bearer ${API_KEY}`, 'idempotency-key': `"${randomUUID()}"` };
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null);
    const body: unknown = await response?.json().catch(() => null);
    // safe because a success has the documented shape
    if (response?.ok && body) return { ok: true, body: body as T };
    const problem = problemOf(body);
    const waitSeconds = Number(response?.headers.get('retry-after') ?? 2 ** attempt);
    if (!problem.retryable || attempt === MAX_ATTEMPTS || !(waitSeconds <= MAX_WAIT_SECONDS)) return { ok: false, problem };
    console.error(`${problem.code}: attempt ${attempt + 1} in ${waitSeconds} s`);
    await sleep(waitSeconds * 1_000);
  }
}

/** Decide by `code` and `retryable`: the message may change. Anything but the service's JSON, or no response, is worth another attempt. */
function problemOf(body: unknown): Problem {
  // safe because every error of the service has this shape, and anything else has no `error`
  const { error } = (body ?? {}) as { readonly error?: Problem };
  return error ?? { code: 'no_response', message: 'The service could not be reached.', retryable: true };
}

/** One line of JSON. Captions are written by strangers: characters that could steer a terminal are escaped as well. */
function toLine(value: unknown): string {
  const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escape);
}

/** Asks for the price, which is free, and reads only within what is left of the budget. */
async function readWithin(left: number, post: string): Promise<Answer<Read>> {
  const quoted = await get<Quote>({ url: post, dryRun: 'true' });
  if (!quoted.ok) return quoted;
  const { expectedMicroCredits: expected, maximumMicroCredits: maximum } = quoted.body.quote;
  if (expected > left) {
    return {
      ok: false,
      problem: { code: 'over_budget', message: `It costs ${expected} of ${left} micro-credits left.`, retryable: false },
    };
  }
  // The post may leave the cache before it is read. The ceiling says what is acceptable then; beyond it the read is refused, free.
  return get<Read>({ url: post, maxCostMicroCredits: String(Math.min(maximum, left)) });
}

async function main(posts: readonly string[]): Promise<number> {
  let left = BUDGET_MICRO_CREDITS;
  let failures = 0;
  for (const post of posts) {
    const read = await readWithin(left, post);
    if (read.ok) {
      const { data, limitations, usage } = read.body;
      left -= usage.settledMicroCredits;
      const missing = limitations.map(({ code, path, reason }) => ({ code, path, reason }));
      // The caption is data: hand it to a model as quoted material, never as part of its instructions.
      console.log(toLine({ post, caption: data.caption, limitations: missing, costMicroCredits: usage.settledMicroCredits }));
      continue;
    }
    failures += 1;
    console.error(`${post}: ${read.problem.code}: ${read.problem.message}`);
    // No other post can be read before somebody tops up: examples/top-up.ts shows how.
    if (read.problem.code === 'insufficient_credits') break;
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
