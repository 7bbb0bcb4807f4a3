/** What is counted together: requests with one key, from one address, or of everybody. */
type Counted = 'key' | 'address' | 'everyone';

/** So many requests in each window of so many seconds, counted under this name. */
export type Quota = { readonly name: string; readonly limit: number; readonly windowSeconds: number };

type PolicyRow = Omit<Quota, 'name'> & { readonly per: Counted; readonly guards: string };

const minute = 60;
const hour = 3_600;
const day = 86_400;

/** Every rate limit of the API. What callers see, the description and docs/rate-limits.md come from here. */
export const RATE_LIMITS = {
  // One read a second, with room for an agent that reads in bursts; providers give us a few a second in all.
  burst: { per: 'key', limit: 60, windowSeconds: minute, guards: 'paid reads' },
  // Looking costs one row; agents poll their balance.
  account: { per: 'key', limit: 120, windowSeconds: minute, guards: 'what the account shows of itself' },
  // Each writes, and some ask the payment provider.
  changes: { per: 'key', limit: 20, windowSeconds: minute, guards: 'changes to keys and top-ups' },
  // Generous: a team behind one address, its monitors and somebody reading the documentation.
  public: { per: 'address', limit: 300, windowSeconds: minute, guards: 'endpoints without a key' },
  // Whoever makes up keys has a fresh limit with each; their address hasn't. Room for a few forgotten agents with a revoked key.
  'unknown-keys': { per: 'address', limit: 200, windowSeconds: minute, guards: 'reads and looks with a key that does not exist' },
  // An account is worth a grant, so it is what farms are made of. Five are enough for a person who starts over.
  signup: { per: 'address', limit: 5, windowSeconds: hour, guards: 'accounts made from one address' },
  'signup-daily': { per: 'address', limit: 10, windowSeconds: day, guards: 'accounts made from one address' },
  // The most that grants can cost in a day: this times SIGNUP_GRANT_MICRO_CREDITS.
  'signup-everyone': { per: 'everyone', limit: 500, windowSeconds: day, guards: 'accounts made by anybody' },
} as const satisfies Readonly<Record<string, PolicyRow>>;

export type PolicyName = keyof typeof RATE_LIMITS;

/** The rows with their common type, for code that walks the table. */
export const RATE_LIMIT_ROWS: Readonly<Record<PolicyName, PolicyRow>> = { ...RATE_LIMITS };

/** What an account that signs up counts against, in this order: an address that is refused takes nothing from everybody's share. */
export const SIGNUP_POLICIES = ['signup', 'signup-daily', 'signup-everyone'] as const satisfies readonly PolicyName[];

/** A policy's numbers in this deployment. `scale` multiplies how many requests, never the window. */
export function quotaOf(name: PolicyName, scale: number): Quota {
  const { limit, windowSeconds } = RATE_LIMIT_ROWS[name];
  return { name, limit: limit * scale, windowSeconds };
}
