import type { TypedResponse } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ResponseText } from '../../billing/idempotency/response-seal.ts';
import type { Claimed, IdempotentCall, ReplayableResponse } from '../../billing/idempotency/idempotency.ts';
import { claimRefusal } from '../../errors/from-database.ts';
import type { AppContext } from '../context.ts';
import { recordCredits } from '../middleware/credit-headers.ts';
import { refuse } from '../error-response.ts';
import { fingerprint } from './fingerprint.ts';
import { type IdempotencyKey, idempotencyKey } from './header.ts';

/** Far longer than a request that opens no hold takes; afterwards a crashed one frees its key. */
const CLAIM_TTL_MS = 60_000;

/** The errors that `idempotent` adds to those of a route. */
export const IDEMPOTENCY_ERRORS = ['idempotency_in_flight', 'idempotency_answer_lost', 'idempotency_mismatch', 'overloaded'] as const;

/** Headers that belong to a response and come again with its replay. */
const KEPT_HEADERS = ['Content-Type', 'Cache-Status', 'Location', 'Link'] as const;

/** `body` is what the fingerprint covers besides method, path and parameters. */
type IdempotentRequest = {
  /** The account, or 'signup' where there is none yet. */
  readonly scope: IdempotentCall['scope'];
  readonly body: unknown;
  /** For scopes where a guessed key would open somebody else's response. Characters. */
  readonly shortestKey?: number;
};

/**
 * Performs a request once for each Idempotency-Key of a scope; without the header it is simply performed. The same key and request
 * receives the first response again, marked `Idempotency-Replayed: true`. Another request with the key is refused, and so is a repeat
 * while the first is running. Successes, 404 and 422 are kept, sealed, for a day; any other outcome frees the key.
 */
export function idempotent<R extends Response>(c: AppContext, request: IdempotentRequest, perform: () => Promise<R>) {
  return performOnce<R, never>(c, request, null, perform);
}

/**
 * The same, for a request that may be refused without writing anything: `guard` returns the refusal, or null where the request may be
 * performed. A repeat is answered without asking it.
 */
export function idempotentIf<R extends Response, G extends Response>(
  c: AppContext,
  request: IdempotentRequest,
  guard: () => Promise<G | null>,
  perform: () => Promise<R>,
) {
  return performOnce<R, G>(c, request, guard, perform);
}

async function performOnce<R extends Response, G extends Response>(
  c: AppContext,
  request: IdempotentRequest,
  guard: (() => Promise<G | null>) | null,
  perform: () => Promise<R>,
) {
  const { scope, body, shortestKey = 1 } = request;
  const { idempotencyStore, responseCipher } = c.get('service');
  const key = idempotencyKey(c.req.header('Idempotency-Key'));
  if (!key.ok) return refuse(c, key.error);
  if (key.value === null) return (await guard?.()) ?? perform();
  if (key.value.text.length < shortestKey) {
    const message = `Idempotency-Key must have at least ${shortestKey} characters here: it returns the API key again, so it must be impossible to guess.`;
    return refuse(c, { code: 'invalid_request', message, details: { header: 'Idempotency-Key' } });
  }
  const claim: IdempotentCall = {
    scope,
    digest: key.value.digest,
    fingerprint: fingerprint(c.req.method, c.req.path, c.req.query(), body),
    requestId: c.get('requestId'),
  };
  if (guard !== null) {
    const looked = await idempotencyStore.look(claim);
    if (!looked.ok) return answerClaimed(c, looked.error, key.value);
    const refused = await guard();
    if (refused !== null) return refused;
  }
  const claimed = await idempotencyStore.claim(claim, CLAIM_TTL_MS);
  if (!claimed.ok) return answerClaimed(c, claimed.error, key.value);
  let isKept = false;
  try {
    const response = await perform();
    if (isWorthKeeping(response.status)) {
      const text = await response.clone().text();
      isKept = await idempotencyStore.keep(claim, await responseCipher.seal(answerText(response, text), key.value.text));
    }
    return response;
  } finally {
    if (!isKept) await idempotencyStore.drop(claim);
  }
}

/** Answers a request whose key another one has used or is using. */
function answerClaimed(c: AppContext, claimed: Claimed | { readonly kind: 'unreachable' }, key: IdempotencyKey) {
  switch (claimed.kind) {
    case 'unreachable':
      return refuse(c, { code: 'overloaded' });
    case 'replayed':
      return replay(c, claimed.replay, key);
    case 'in_flight':
    case 'mismatch':
      return refuse(c, claimRefusal(claimed, c.get('deps').clock()));
  }
}

function isWorthKeeping(status: number): boolean {
  return (status >= 200 && status < 300) || status === 404 || status === 422;
}

function answerText(response: Response, body: string): ResponseText {
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return { status: response.status, headers: Object.fromEntries(headers), body };
}

/** Sends the stored response again, at no cost. */
async function replay(c: AppContext, kept: ReplayableResponse, key: IdempotencyKey) {
  recordCredits(c, null);
  const answer = await c.get('service').responseCipher.open(kept, key.text);
  if (answer === null) return refuse(c, { code: 'idempotency_answer_lost', details: { requestId: kept.requestId } });
  return sendStored(c, answer);
}

/** Sends a stored response with its status and body, marked as a replay. */
export function sendStored(c: AppContext, answer: ResponseText): Response & TypedResponse<never, never, 'json'> {
  for (const [name, value] of Object.entries(answer.headers)) c.header(name, value);
  c.header('Idempotency-Replayed', 'true');
  c.header('Cache-Control', 'no-store');
  // safe because only responses of routes are stored: one without a body is the answer to a conditional request
  const response = answer.body === '' ? c.body(null, 304) : c.body(answer.body, answer.status as ContentfulStatusCode);
  // safe because the fingerprint holds method and path: the same route gave this response
  return response as unknown as Response & TypedResponse<never, never, 'json'>;
}
