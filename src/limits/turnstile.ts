import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { type Fetch, requestJson } from '../net/fetch-json.ts';

/** How long a signup waits for the answer. Milliseconds. */
const TURNSTILE_TIMEOUT_MS = 5_000;

/** Only `success` decides; the codes tell whether it is about the token or about us. */
const Verdict = z.object({ success: z.boolean(), 'error-codes': z.array(z.string()).default([]) });

/** Codes that speak of the visitor's token, see developers.cloudflare.com/turnstile/get-started/server-side-validation/. All others are our trouble. */
const ABOUT_THE_TOKEN = ['missing-input-response', 'invalid-input-response', 'timeout-or-duplicate'];

/** Tells people from programs that make accounts in bulk. */
export interface Turnstile {
  /** `passed` when the token is fresh and real, `failed` when it is not, `unreachable` when nobody could say. A token works once. */
  check(token: string): Promise<'passed' | 'failed' | 'unreachable'>;
}

/** Cloudflare Turnstile, asked at `url` with the deployment's secret. The visitor's address is not sent. */
export function createTurnstile(options: {
  readonly url: string;
  readonly secret: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
}): Turnstile {
  const { url, secret, fetch, clock } = options;
  return {
    async check(token) {
      const request = {
        url,
        init: {
          method: 'POST' as const,
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ secret, response: token }),
        },
        limitMs: TURNSTILE_TIMEOUT_MS,
      };
      const answer = await requestJson({ fetch, clock }, request, { deadlineAt: clock() + TURNSTILE_TIMEOUT_MS });
      const verdict = Verdict.safeParse(answer.ok ? answer.value.body : null);
      if (!verdict.success) return 'unreachable';
      if (verdict.data.success) return 'passed';
      return verdict.data['error-codes'].some((code) => ABOUT_THE_TOKEN.includes(code)) ? 'failed' : 'unreachable';
    },
  };
}
