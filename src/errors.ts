import type { ErrorRow } from './errors/error-row.ts';

/**
 * Every error code. Statuses, the OpenAPI responses, the errors that a route may declare and docs/error-taxonomy.md derive from it.
 */
export const ERRORS = {
  invalid_request: {
    status: 400,
    billed: false,
    retry: 'after_change',
    summary: 'The request has a parameter, header or body that this endpoint does not accept.',
    callerAction: 'Correct what `message` and `details` name, then send the request again.',
    operatorAction: 'None. If many come from one client, its integration is out of date.',
  },
  invalid_cursor: {
    status: 400,
    billed: false,
    retry: 'after_change',
    summary: 'The cursor is not valid for this request.',
    callerAction:
      'Send `nextCursor` unchanged to the list it came from (for comments, with the same post and `includeReplies`), or no cursor.',
    operatorAction: 'None. Changing CURSOR_SIGNING_SECRET invalidates the cursors of comments.',
  },
  invalid_signature: {
    status: 400,
    billed: false,
    retry: 'never',
    summary: 'The webhook signature does not match the body, or is too old.',
    callerAction: 'None: only Stripe calls this endpoint.',
    operatorAction: "If Stripe's dashboard shows failed deliveries, check that STRIPE_WEBHOOK_SECRET belongs to this webhook endpoint.",
  },
  unauthorized: {
    status: 401,
    billed: false,
    retry: 'after_change',
    summary: 'A valid API key is required: send it as "Authorization: Bearer igsk_…".',
    callerAction: 'Send a valid key that is neither revoked nor expired. `POST /v1/signup` creates one.',
    operatorAction: 'None. A steady stream from one address may be someone guessing keys.',
  },
  insufficient_credits: {
    status: 402,
    billed: false,
    retry: 'after_topup',
    summary: 'The balance does not cover the highest possible price of this request.',
    callerAction:
      'Top up by at least `details.shortfallMicroCredits`, or request less: `details.affordable` names the largest batch of comments that is covered.',
    operatorAction: 'None. A customer who stays here may need help with paying.',
  },
  price_above_max: {
    status: 402,
    billed: false,
    retry: 'after_change',
    summary: 'The request could cost more than its own ceiling or that of its key.',
    callerAction: 'Raise the ceiling, or request less: `details.affordable` names the largest batch of comments that is covered.',
    operatorAction: 'None.',
  },
  key_budget_exceeded: {
    status: 402,
    billed: false,
    retry: 'after_change',
    summary: 'The budget of the key does not cover this request.',
    callerAction:
      'Raise the budget of the key, wait until `details.resetsAt`, or request less: `details.affordable` names the largest batch of comments that is covered.',
    operatorAction: 'None.',
  },
  forbidden: {
    status: 403,
    billed: false,
    retry: 'never',
    summary: 'This key is not allowed to do that.',
    callerAction: 'Use a key with the scope or the rights that `details` names.',
    operatorAction: 'None.',
  },
  challenge_failed: {
    status: 403,
    billed: false,
    retry: 'after_change',
    summary: 'The Turnstile token is invalid, expired, already used, or of another page or action.',
    callerAction: 'Solve the challenge again and send the new token.',
    operatorAction:
      'None. If it happens to everyone, check that the site key and TURNSTILE_SECRET_KEY belong together, and that TURNSTILE_HOSTNAMES and TURNSTILE_ACTION are those of the widget.',
  },
  account_frozen: {
    status: 403,
    billed: false,
    retry: 'never',
    summary: 'The account is frozen and cannot spend.',
    callerAction: 'Contact the operator.',
    operatorAction: '`GET /v1/ops/actions` says why the account was frozen. Unfreeze it once that is settled.',
  },
  private_post: {
    status: 403,
    billed: false,
    retry: 'never',
    summary: 'The post is not public, so it cannot be read.',
    callerAction: 'Request a public post. `details.reason` tells private, login-only and age-restricted posts apart.',
    operatorAction: 'None.',
  },
  not_found: {
    status: 404,
    billed: false,
    retry: 'never',
    summary: 'Nothing was found at this address.',
    callerAction: 'Check the path and the id. `/docs` lists the endpoints.',
    operatorAction: 'None.',
  },
  post_not_found: {
    status: 404,
    billed: false,
    retry: 'never',
    summary: 'The post was deleted, never existed, or is not public.',
    callerAction: 'Check the link. A post that was just published may take a few minutes to appear.',
    operatorAction: 'None. A sudden rise may mean that a provider reports every post as missing.',
  },
  endpoint_deferred: {
    status: 404,
    billed: false,
    retry: 'never',
    summary: 'This endpoint is planned but does not exist yet.',
    callerAction: 'Use one of the endpoints in `details.available`.',
    operatorAction: 'None.',
  },
  method_not_allowed: {
    status: 405,
    billed: false,
    retry: 'after_change',
    summary: 'This endpoint does not support this method.',
    callerAction: 'Use a method from the `Allow` header.',
    operatorAction: 'None.',
  },
  idempotency_in_flight: {
    status: 409,
    billed: false,
    retry: 'after_delay',
    summary: 'A request with the same idempotency key is still running.',
    callerAction: 'Wait for the seconds of `Retry-After`, then send the request again with the same key.',
    operatorAction: 'None.',
  },
  idempotency_answer_lost: {
    status: 409,
    billed: false,
    retry: 'never',
    summary: 'The request with this idempotency key was performed, but its response is no longer available.',
    callerAction: 'See `GET /v1/usage/{requestId}` with `details.requestId` for what it cost. To perform it again, send a new key.',
    operatorAction: 'The response was too large to keep, or CURSOR_SIGNING_SECRET was changed within the last day.',
  },
  body_too_large: {
    status: 413,
    billed: false,
    retry: 'after_change',
    summary: 'The request body is larger than this endpoint accepts.',
    callerAction: 'Send a smaller body.',
    operatorAction: 'None.',
  },
  unsupported_media_type: {
    status: 415,
    billed: false,
    retry: 'after_change',
    summary: 'The body must be JSON, with the header "Content-Type: application/json".',
    callerAction: 'Send JSON with that content type.',
    operatorAction: 'None.',
  },
  unsupported_url: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The URL does not name a public Instagram post or reel.',
    callerAction: 'Send the link or the shortcode of a post or reel. `details.reason` says what was recognized instead.',
    operatorAction: 'None. If a reason appears often, Instagram may have a new URL shape: add it to src/instagram.',
  },
  share_link_unresolved: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The share link does not lead to a post or reel.',
    callerAction: 'Open the link and send the URL of the post itself.',
    operatorAction: 'If it happens to every share link, Instagram has changed how they redirect.',
  },
  not_a_reel: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The URL names a post that is not a reel.',
    callerAction: 'Read it with `/v1/post`.',
    operatorAction: 'None.',
  },
  idempotency_mismatch: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The idempotency key was already used for a different request.',
    callerAction: 'Use a new key for each new request.',
    operatorAction: 'None.',
  },
  rate_limited: {
    status: 429,
    billed: false,
    retry: 'after_delay',
    summary: 'Too many requests.',
    callerAction: 'Wait for the seconds of `Retry-After`. `details` names the limit; the `RateLimit` header says what is left of it.',
    operatorAction: 'None. If legitimate callers are refused, raise RATE_LIMIT_SCALE or the table in src/limits/policies.ts.',
  },
  repeated_failure: {
    status: 429,
    billed: false,
    retry: 'after_delay',
    summary: 'This read failed several times in a row, so it is refused for a while.',
    callerAction: 'Wait for the seconds of `Retry-After`, or read something else.',
    operatorAction: 'See why the target keeps failing.',
  },
  too_many_misses: {
    status: 429,
    billed: false,
    retry: 'after_delay',
    summary: 'Too many of the targets that this account asked for in the last hour do not exist or cannot be read.',
    callerAction:
      'Wait for the seconds of `Retry-After`, and check where the URLs come from. Reads that are charged make room for more; what is cached is still served.',
    operatorAction: 'None. The account may be making shortcodes up: each of these reads costs a call to a data provider.',
  },
  too_many_open_top_ups: {
    status: 429,
    billed: false,
    retry: 'after_delay',
    summary: 'The account has as many unpaid top-ups as it can have at once.',
    callerAction:
      'Pay one of them (`GET /v1/topups` has each `checkoutUrl`), or wait for the seconds of `Retry-After` until the first has expired.',
    operatorAction: 'None. A client that sends no `Idempotency-Key` may be making a top-up with each try.',
  },
  internal: {
    status: 500,
    billed: false,
    retry: 'after_delay',
    summary: 'Something went wrong on our side. Nothing was charged.',
    callerAction: 'Try once more. If it persists, send the `requestId` to the operator.',
    operatorAction: 'A bug: look up the `requestId` in the log.',
  },
  provider_unavailable: {
    status: 502,
    billed: false,
    retry: 'after_delay',
    summary: 'Instagram provider is temporarily unavailable.',
    callerAction: 'Try again in a minute.',
    operatorAction: 'See the provider attempts in the log, and the status pages of the providers.',
  },
  payments_unavailable: {
    status: 502,
    billed: false,
    retry: 'after_delay',
    summary: 'The payment service failed. Nothing was charged.',
    callerAction: 'Try again in a minute, with the same `Idempotency-Key`.',
    operatorAction: "See Stripe's status page. An `alarm` in the log means that Stripe refuses our key or our request.",
  },
  payments_unconfigured: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'This deployment has no payments set up, so top-ups are not possible.',
    callerAction: 'Try again later; only the operator can change this.',
    operatorAction: 'Set STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET and PUBLIC_ORIGIN. The key must be of the mode in STRIPE_MODE.',
  },
  provider_unconfigured: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'No data provider is configured, so nothing can be read fresh.',
    callerAction: 'Try again later; only the operator can change this.',
    operatorAction: 'Set the key of at least one provider (see wrangler.toml) and name it in PROVIDER_ORDER_MEDIA.',
  },
  provider_busy: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'The data providers accept no more requests at the moment.',
    callerAction: 'Wait for the seconds of `Retry-After`.',
    operatorAction: 'Check the rate limits and the prepaid credit at the providers.',
  },
  misconfigured: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'The deployment is not fully configured.',
    callerAction: 'Try again later; only the operator can change this.',
    operatorAction: '`GET /ready` names the settings and bindings that are missing or malformed.',
  },
  overloaded: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'The service cannot take the request right now.',
    callerAction:
      'Wait for the seconds of `Retry-After`, then send the request again with the same `Idempotency-Key`. If `billed` is null, that tells the outcome: the repeat returns what was paid for, or is carried out. Without a key, a charge that went through is refunded as an `adjust` entry `undelivered:<request id>`.',
    operatorAction:
      'Too many writes are waiting, or the database did not answer in time: check that it is up and not saturated; `GET /ready` names what is missing. If only reads of one post are affected, more callers requested it at once than one coalesced request takes.',
  },
  cache_miss: {
    status: 504,
    billed: false,
    retry: 'after_change',
    summary: 'The cache does not hold what the request asks for, and the request allows nothing else.',
    callerAction: 'Send it without `onlyIfCached` and without `Cache-Control: only-if-cached`, which reads fresh at the fresh price.',
    operatorAction: 'None.',
  },
  provider_timeout: {
    status: 504,
    billed: false,
    retry: 'after_delay',
    summary: 'The data providers did not answer in time.',
    callerAction: 'Try again; a slow post is often answered the second time.',
    operatorAction: 'See the latency of the providers in the log. READ_DEADLINE_MS can be raised, but must stay below 30 seconds.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** The rows with their common type, for code that walks the table. */
export const ERROR_ROWS: Readonly<Record<ErrorCode, ErrorRow>> = { ...ERRORS };

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** An expected failure on its way to the caller. All of it is shown: no secrets, no text of a vendor. */
export type Refusal<C extends ErrorCode = ErrorCode> = {
  readonly code: C;
  /** The summary of the code by default. */
  readonly message?: string;
  /** Amounts, reasons, names of parameters. */
  readonly details?: { readonly [name: string]: Json };
  readonly retryAfterSeconds?: number;
  /** Set where it is not known whether the request is charged. */
  readonly billed?: null;
};
