/** What a caller may do after an error. */
export type Retry =
  /** Nothing about the same request will change the answer. */
  | 'never'
  /** Correct the request first. */
  | 'after_change'
  /** Top up first. */
  | 'after_topup'
  /** The same request, later; `Retry-After` says when where it is known. */
  | 'after_delay';

type ErrorRow = {
  readonly status: 400 | 401 | 402 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;
  /** Whether a request that ends so costs anything. */
  readonly billed: boolean;
  readonly retry: Retry;
  /** The message a caller gets where the place that refuses has nothing more precise to say. */
  readonly summary: string;
  readonly callerAction: string;
  readonly operatorAction: string;
  /** A code that is settled but that no endpoint raises yet. */
  readonly reserved?: true;
};

/**
 * The only list of error codes. Statuses, the OpenAPI responses, the errors a route may declare and the table in
 * docs/error-taxonomy.md all come from here.
 */
export const ERRORS = {
  invalid_request: {
    status: 400,
    billed: false,
    retry: 'after_change',
    summary: 'The request has a parameter, header or body that this endpoint does not take.',
    callerAction: 'Correct what `message` and `details` name, then send it again.',
    operatorAction: 'None. Many of them from one client: its integration is out of date.',
  },
  invalid_cursor: {
    status: 400,
    billed: false,
    retry: 'after_change',
    summary: 'The cursor cannot be continued from.',
    callerAction: 'Send `nextCursor` unchanged, for the same post and with the same `includeReplies`; or start without a cursor.',
    operatorAction: 'None. After CURSOR_SIGNING_SECRET was changed, cursors given out before end like this.',
  },
  invalid_signature: {
    status: 400,
    billed: false,
    retry: 'never',
    summary: 'The signature does not fit the body, or is too old.',
    callerAction: 'This address is for Stripe alone.',
    operatorAction: "If Stripe's dashboard shows failed deliveries, STRIPE_WEBHOOK_SECRET is not the one of this endpoint.",
  },
  unauthorized: {
    status: 401,
    billed: false,
    retry: 'after_change',
    summary: 'A valid API key is required: send it as "Authorization: Bearer igsk_…".',
    callerAction: 'Send a key that is valid and not revoked; `POST /v1/signup` makes one.',
    operatorAction: 'None. A steady stream from one address may be somebody guessing.',
  },
  insufficient_credits: {
    status: 402,
    billed: false,
    retry: 'after_topup',
    summary: 'The balance does not cover the most this request could cost.',
    callerAction: 'Top up by at least `details.shortfallMicroCredits`, or ask for less.',
    operatorAction: 'None. A customer who is stuck here may need help with paying.',
  },
  price_above_max: {
    status: 402,
    billed: false,
    retry: 'after_change',
    summary: 'The request could cost more than its own ceiling, or that of its key.',
    callerAction: 'Raise the ceiling or ask for less.',
    operatorAction: 'None.',
  },
  key_budget_exceeded: {
    status: 402,
    billed: false,
    retry: 'after_change',
    summary: "The key's own budget does not cover this request.",
    callerAction: 'Raise the budget of the key or wait for its next period.',
    operatorAction: 'None.',
  },
  forbidden: {
    status: 403,
    billed: false,
    retry: 'never',
    summary: 'This key may not do that.',
    callerAction: 'Use a key with the right to do it.',
    operatorAction: 'None.',
  },
  challenge_failed: {
    status: 403,
    billed: false,
    retry: 'after_change',
    summary: 'The Turnstile token is not valid: it is wrong, too old, or was used before.',
    callerAction: 'Solve the challenge again and send the new token.',
    operatorAction: 'None. If it happens to everybody, the site key and TURNSTILE_SECRET_KEY do not belong together.',
  },
  account_frozen: {
    status: 403,
    billed: false,
    retry: 'never',
    summary: 'The account is frozen and cannot spend.',
    callerAction: 'Write to the operator.',
    operatorAction: 'See why the account was frozen, and unfreeze it when that is settled.',
  },
  private_post: {
    status: 403,
    billed: false,
    retry: 'never',
    summary: 'The post is not public, so it cannot be read.',
    callerAction: 'Ask for a public post. `details.reason` tells private, login-only and age-restricted apart.',
    operatorAction: 'None.',
  },
  not_found: {
    status: 404,
    billed: false,
    retry: 'never',
    summary: 'There is nothing at this address.',
    callerAction: 'See /docs for the endpoints there are.',
    operatorAction: 'None.',
  },
  post_not_found: {
    status: 404,
    billed: false,
    retry: 'never',
    summary: 'There is no such post: it was deleted, never existed, or is not public.',
    callerAction: 'Check the link. A post that was just published may take a few minutes to be seen.',
    operatorAction: 'None. A sudden rise may mean that a provider answers not-found for everything.',
  },
  endpoint_deferred: {
    status: 404,
    billed: false,
    retry: 'never',
    summary: 'This endpoint is planned, but does not exist yet.',
    callerAction: 'Use the endpoints that `details.available` names.',
    operatorAction: 'None.',
  },
  method_not_allowed: {
    status: 405,
    billed: false,
    retry: 'after_change',
    summary: 'This address does not take this method.',
    callerAction: 'Use a method that the `Allow` header names.',
    operatorAction: 'None.',
  },
  idempotency_in_flight: {
    status: 409,
    billed: false,
    retry: 'after_delay',
    summary: 'A request with the same idempotency key is still running.',
    callerAction: 'Wait for it, then ask again with the same key.',
    operatorAction: 'None.',
  },
  idempotency_answer_lost: {
    status: 409,
    billed: false,
    retry: 'never',
    summary: 'A request with the same idempotency key was carried out, but its answer is no longer at hand.',
    callerAction: 'Look at `GET /v1/usage/{requestId}` for the `details.requestId`; ask again with a new key.',
    operatorAction: 'The answer was larger than what is kept, or CURSOR_SIGNING_SECRET was changed within a day.',
  },
  body_too_large: {
    status: 413,
    billed: false,
    retry: 'after_change',
    summary: 'The request body is larger than this endpoint takes.',
    callerAction: 'Send less.',
    operatorAction: 'None.',
  },
  unsupported_media_type: {
    status: 415,
    billed: false,
    retry: 'after_change',
    summary: 'The body must be JSON, and say so: "Content-Type: application/json".',
    callerAction: 'Send JSON with its content type.',
    operatorAction: 'None.',
  },
  unsupported_url: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The URL does not name a public Instagram post or reel.',
    callerAction: 'Send the link of a post or reel, or its shortcode. `details.reason` says what was recognised.',
    operatorAction: 'None. Many with the reason of a new URL shape: teach it to src/instagram.',
  },
  share_link_unresolved: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The share link could not be resolved to a post or reel.',
    callerAction: "Open the link and send the post's own URL.",
    operatorAction: 'If it happens to every share link, Instagram has changed how they redirect.',
  },
  not_a_reel: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The URL names a post that is not a reel.',
    callerAction: 'Read it with /v1/post.',
    operatorAction: 'None.',
  },
  idempotency_mismatch: {
    status: 422,
    billed: false,
    retry: 'after_change',
    summary: 'The idempotency key was used before for another request.',
    callerAction: 'Use a new key for a new request.',
    operatorAction: 'None.',
  },
  rate_limited: {
    status: 429,
    billed: false,
    retry: 'after_delay',
    summary: 'Too many requests.',
    callerAction:
      'Wait for the seconds of `Retry-After`. `details` names the limit; the `RateLimit` header of every answer says what is left.',
    operatorAction: 'None. If honest callers meet it, raise RATE_LIMIT_SCALE or the table in src/limits/policies.ts.',
  },
  repeated_failure: {
    status: 429,
    billed: false,
    retry: 'after_delay',
    summary: 'This read failed again and again; it is not tried for a while.',
    callerAction: 'Wait for the seconds of `Retry-After`, or read something else.',
    operatorAction: 'See why the target keeps failing.',
  },
  internal: {
    status: 500,
    billed: false,
    retry: 'after_delay',
    summary: 'Something went wrong on our side. Nothing was charged.',
    callerAction: 'Try once more; if it stays, write to the operator with the `requestId`.',
    operatorAction: 'A bug: look up the `requestId` in the log.',
  },
  provider_unavailable: {
    status: 502,
    billed: false,
    retry: 'after_delay',
    summary: 'Instagram provider is temporarily unavailable.',
    callerAction: 'Try again in a minute.',
    operatorAction: "Look at the log's provider attempts; see the providers' status pages.",
  },
  payments_unavailable: {
    status: 502,
    billed: false,
    retry: 'after_delay',
    summary: 'The payment service did not answer as it should. Nothing was charged.',
    callerAction: 'Try again in a minute, with the same `Idempotency-Key`.',
    operatorAction: "See Stripe's status page; an `alarm` in the log says when it is our key or our request that Stripe refuses.",
  },
  payments_unconfigured: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'Payments are not set up, so nothing can be topped up.',
    callerAction: 'Try again later; only the operator can change this.',
    operatorAction: 'Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.',
  },
  provider_unconfigured: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'No data provider is configured, so nothing fresh can be read.',
    callerAction: 'Try again later; only the operator can change this.',
    operatorAction: 'Set the key of at least one provider (see wrangler.toml) and name it in PROVIDER_ORDER_MEDIA.',
  },
  provider_busy: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'The data providers take no more requests at the moment.',
    callerAction: 'Wait for the seconds of `Retry-After`.',
    operatorAction: 'Check the rate limits and the prepaid credit at the providers.',
  },
  misconfigured: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'The service is not set up completely.',
    callerAction: 'Try again later; only the operator can change this.',
    operatorAction: 'GET /ready names the settings and bindings that are missing or malformed.',
  },
  overloaded: {
    status: 503,
    billed: false,
    retry: 'after_delay',
    summary: 'The service cannot take the request right now.',
    callerAction:
      'Wait for the seconds of `Retry-After`, then send it again, best with the same `Idempotency-Key`. What was taken unheard comes back as an `adjust` entry `undelivered:<request id>`.',
    operatorAction:
      'Too many writes wait, or the database did not answer in time: check that it is up and not saturated. /ready names what is missing. With a read of one post alone: more callers asked for it at once than one flight takes.',
  },
  provider_timeout: {
    status: 504,
    billed: false,
    retry: 'after_delay',
    summary: 'The data providers did not answer in time.',
    callerAction: 'Try again; a slow post is often answered the second time.',
    operatorAction: "Look at the providers' latency in the log; raise READ_DEADLINE_MS only below 30 seconds.",
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** The rows with their common type, for code that walks the table. */
export const ERROR_ROWS: Readonly<Record<ErrorCode, ErrorRow>> = { ...ERRORS };

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** An expected "no" on its way to the caller. Everything in it may be shown: no secrets, no vendor's words. */
export type Refusal<C extends ErrorCode = ErrorCode> = {
  readonly code: C;
  /** A sentence for a person or an agent; the code's summary where absent. */
  readonly message?: string;
  /** Facts that help: amounts, reasons, names of parameters. */
  readonly details?: { readonly [name: string]: Json };
  readonly retryAfterSeconds?: number;
};
