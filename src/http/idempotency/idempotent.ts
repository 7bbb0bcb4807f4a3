import type { TypedResponse } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AnswerText } from '../../billing/idempotency/response-seal.ts';
import type { OnceRequest, Replay } from '../../billing/idempotency/idempotency.ts';
import { claimRefusal } from '../../errors/from-database.ts';
import type { AppContext } from '../context.ts';
import { noteCredits } from '../middleware/credit-headers.ts';
import { refuse } from '../error-response.ts';
import { fingerprint } from './fingerprint.ts';
import { type IdempotencyKey, idempotencyKey } from './header.ts';

/** A request that moves no hold is over long before; after it, a crashed one gives its key free. Milliseconds. */
const CLAIM_TTL_MS = 60_000;

/** The errors that `idempotent` itself can end with; a route that uses it declares them. */
export const IDEMPOTENCY_ERRORS = ['idempotency_in_flight', 'idempotency_answer_lost', 'idempotency_mismatch', 'overloaded'] as const;

/** Headers of an answer that belong to it, and come again with its replay. */
const KEPT_HEADERS = ['Content-Type', 'Cache-Status', 'Location', 'Link'] as const;

/**
 * Carries a request out once for each Idempotency-Key of this scope: an account, or 'signup' where there is none yet. Without the header it
 * is simply carried out. The same key and request is answered as before, marked `Idempotency-Replayed: true`; another request with the
 * key, and one while the first is running, are refused. Kept for a day, sealed, are successes, 404 and 422: any other outcome frees the
 * key. `body` is the request's parsed body; `shortestKey` is for scopes where a guessed key would open somebody else's answer.
 */
export async function idempotent<R extends Response>(
  c: AppContext,
  scope: OnceRequest['scope'],
  body: unknown,
  perform: () => Promise<R>,
  shortestKey = 1,
) {
  const { replays, answerSeal } = c.get('service');
  const key = idempotencyKey(c.req.header('Idempotency-Key'));
  if (!key.ok) return refuse(c, key.error);
  if (key.value === null) return perform();
  if (key.value.text.length < shortestKey) {
    const message = `Idempotency-Key must have at least ${shortestKey} characters here: the same key gets the same answer, so it has to be unguessable.`;
    return refuse(c, { code: 'invalid_request', message, details: { header: 'Idempotency-Key' } });
  }
  const request: OnceRequest = {
    scope,
    digest: key.value.digest,
    fingerprint: fingerprint(c.req.method, c.req.path, c.req.query(), body),
    requestId: c.get('requestId'),
  };
  const claimed = await replays.claim(request, CLAIM_TTL_MS);
  if (!claimed.ok) {
    switch (claimed.error.kind) {
      case 'unreachable':
        return refuse(c, { code: 'overloaded' });
      case 'replayed':
        return replay(c, claimed.error.replay, key.value);
      case 'in_flight':
      case 'mismatch':
        return refuse(c, claimRefusal(claimed.error, c.get('deps').clock()));
    }
  }
  let isKept = false;
  try {
    const response = await perform();
    if (isWorthKeeping(response.status)) {
      const text = await response.clone().text();
      isKept = await replays.keep(request, await answerSeal.seal(answerText(response, text), key.value.text));
    }
    return response;
  } finally {
    if (!isKept) await replays.drop(request);
  }
}

function isWorthKeeping(status: number): boolean {
  return (status >= 200 && status < 300) || status === 404 || status === 422;
}

function answerText(response: Response, body: string): AnswerText {
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return { status: response.status, headers: Object.fromEntries(headers), body };
}

/** Sends the stored response again, at no cost. */
async function replay(c: AppContext, kept: Replay, key: IdempotencyKey) {
  noteCredits(c, null);
  const answer = await c.get('service').answerSeal.open(kept, key.text);
  if (answer === null) return refuse(c, { code: 'idempotency_answer_lost', details: { requestId: kept.requestId } });
  return sendStored(c, answer);
}

/** Sends a stored response with its status and body, marked as a replay. */
export function sendStored(c: AppContext, answer: AnswerText): Response & TypedResponse<never, never, 'json'> {
  for (const [name, value] of Object.entries(answer.headers)) c.header(name, value);
  c.header('Idempotency-Replayed', 'true');
  c.header('Cache-Control', 'no-store');
  // safe because only responses of routes are stored, and those have bodies
  const response = c.body(answer.body, answer.status as ContentfulStatusCode);
  // safe because the fingerprint holds method and path: the same route gave this response
  return response as unknown as Response & TypedResponse<never, never, 'json'>;
}
