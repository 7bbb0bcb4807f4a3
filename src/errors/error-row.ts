/** When a caller may send the request again. */
export type Retry =
  /** Repeating the request never helps. */
  | 'never'
  /** After correcting the request. */
  | 'after_change'
  /** After a top-up. */
  | 'after_topup'
  /** Unchanged, later; `Retry-After` says when, where that is known. */
  | 'after_delay';

/** What is known of an error code, for callers and for the operator. */
export type ErrorRow = {
  readonly status: 400 | 401 | 402 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;
  readonly billed: boolean;
  readonly retry: Retry;
  /** The message, where the refusal has no more precise one. */
  readonly summary: string;
  readonly callerAction: string;
  readonly operatorAction: string;
  /** No endpoint returns it yet. */
  readonly reserved?: true;
};
