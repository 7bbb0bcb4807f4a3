/**
 * One wide line for each request. Only identifiers, amounts and outcomes: never a key, a secret, a caption, a comment or
 * a vendor's body, and the route's pattern instead of the caller's URL.
 */
export type RequestEvent = {
  requestId: string;
  time: string;
  method: string;
  route: string;
  status: number;
  milliseconds: number;
  errorCode?: string;
  role?: 'customer' | 'owner';
  accountId?: string | null;
  /** The shard that it was about, where that isn't the first. */
  shard?: number;
  targetKind?: string;
  shortcode?: string;
  cache?: string;
  provider?: string;
  /** Who wrote the words down, or why there are none. */
  transcript?: string;
  /** Whether the boundary delivered an interpretation. */
  parse?: string;
  attempts?: readonly object[];
  /** `joined`: some part came by a flight that another request had started, which has its upstream calls. */
  flight?: string;
  reservedMicroCredits?: number;
  settledMicroCredits?: number;
  /** The policy whose quota is used up, or `store_down` when nobody could count and it passed. */
  rateLimit?: string;
  /** The top-up order it was about. */
  topUpId?: string;
  /** What kind of event Stripe sent. */
  stripeEvent?: string;
  /** Something that a person has to look at: what an alert watches for. */
  alarm?: string;
  /** What a cron did. */
  cron?: { readonly done: number; readonly failed: number };
  /** An unexpected error: its class and where it happened, not its message, which could quote anything. */
  bug?: { readonly name: string; readonly at: readonly string[] };
};
