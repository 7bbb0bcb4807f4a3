/**
 * The log line of a request. It holds identifiers, amounts and outcomes: never a key, a secret, a caption, a comment or a vendor's body,
 * and the pattern of the route instead of the caller's URL.
 */
export type RequestEvent = {
  requestId: string;
  /** From a valid `traceparent` header; nothing else of it is logged. */
  traceId?: string;
  time: string;
  method: string;
  route: string;
  status: number;
  milliseconds: number;
  errorCode?: string;
  role?: 'customer' | 'operator';
  accountId?: string | null;
  /** Absent for the first shard. */
  shard?: number;
  targetKind?: string;
  shortcode?: string;
  cache?: string;
  provider?: string;
  /** The source of the transcript, or why there is none. */
  transcript?: string;
  /** The outcome of the hosted interpretation. */
  parse?: string;
  attempts?: readonly object[];
  /** `joined`: a part came from a coalesced request that another request started and that logs the upstream calls. */
  coalescing?: string;
  reservedMicroCredits?: number;
  settledMicroCredits?: number;
  /** The policy that refused the request, or `store_down` when the counter store failed and the request passed uncounted. */
  rateLimit?: string;
  /** Why the key of a request to an operator endpoint was refused. */
  operatorRefusal?: 'no_key' | 'wrong_key' | 'customer_key';
  topUpId?: string;
  /** The type of Stripe's event. */
  stripeEvent?: string;
  /** A condition that a person must look into; alerts watch this field. */
  alarm?: string;
  cron?: { readonly done: number; readonly failed: number };
  /** An unexpected error. Without its message, which could quote anything. */
  bug?: { readonly name: string; readonly at: readonly string[] };
};
