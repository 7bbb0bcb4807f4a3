import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { type Fetch, requestJson } from '../net/fetch-json.ts';

const TURNSTILE_TIMEOUT_MS = 5_000;

/** The codes tell whether the token or this service is at fault. `hostname` and `action` say for which page and purpose it was solved. */
const Verdict = z.object({
  success: z.boolean(),
  'error-codes': z.array(z.string()).default([]),
  hostname: z.string().optional(),
  action: z.string().optional(),
});

/**
 * Codes that blame the visitor's token (developers.cloudflare.com/turnstile/get-started/server-side-validation/). All others blame this
 * service.
 */
const ABOUT_THE_TOKEN = ['missing-input-response', 'invalid-input-response', 'timeout-or-duplicate'];

/** Verifies that a person, not a bulk signup, solved the challenge. */
export interface Turnstile {
  /** Verifies a token, which works once. `unreachable` when nobody could verify it. */
  check(token: string): Promise<'passed' | 'failed' | 'unreachable'>;
}

/**
 * Creates a client of Cloudflare Turnstile. The visitor's address is not sent. A token passes only if it was solved on a page of `hostnames`
 * for `action`, so that one solved for another form, or on another site with the same widget, opens no account.
 */
export function createTurnstile(options: {
  readonly url: string;
  readonly secret: string;
  readonly hostnames: readonly string[];
  readonly action: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
}): Turnstile {
  const { url, secret, hostnames, action, fetch, clock } = options;
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
      const answer = await requestJson({ fetch, clock }, request, { deadlineAt: clock() + TURNSTILE_TIMEOUT_MS }, 'turnstile');
      const verdict = Verdict.safeParse(answer.ok ? answer.value.body : null);
      if (!verdict.success) return 'unreachable';
      if (verdict.data.success) {
        const isOurs = hostnames.includes(verdict.data.hostname?.toLowerCase() ?? '') && verdict.data.action === action;
        return isOurs ? 'passed' : 'failed';
      }
      return verdict.data['error-codes'].some((code) => ABOUT_THE_TOKEN.includes(code)) ? 'failed' : 'unreachable';
    },
  };
}
