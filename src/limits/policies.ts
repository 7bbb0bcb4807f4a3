/** Requests that are counted together. */
type Counted = 'key' | 'account' | 'address' | 'network' | 'everyone';

export type Quota = { readonly name: string; readonly limit: number; readonly windowSeconds: number };

type PolicyRow = Omit<Quota, 'name'> & { readonly per: Counted; readonly guards: string };

const minute = 60;
const hour = 3_600;
const day = 86_400;

/** Every rate limit of the API; its documentation derives from here. `guards` says what it limits. */
export const RATE_LIMITS = {
  // One read a second on average, in bursts. Providers allow a few a second in all.
  burst: { per: 'key', limit: 60, windowSeconds: minute, guards: 'paid reads' },
  // Each reads one row, and agents poll their balance.
  account: { per: 'key', limit: 120, windowSeconds: minute, guards: 'reading account, keys, usage and top-ups' },
  // Each writes, and some call the payment service.
  changes: { per: 'key', limit: 20, windowSeconds: minute, guards: 'changes to keys and top-ups' },
  // Four keys at full speed. Without these, an account would have the quota of as many keys as it makes.
  'burst-all-keys': { per: 'account', limit: 240, windowSeconds: minute, guards: 'paid reads with all keys of an account' },
  'account-all-keys': {
    per: 'account',
    limit: 480,
    windowSeconds: minute,
    guards: 'reading account, keys, usage and top-ups with all keys of an account',
  },
  'changes-all-keys': {
    per: 'account',
    limit: 80,
    windowSeconds: minute,
    guards: 'changes to keys and top-ups with all keys of an account',
  },
  // Enough for a team behind one address, its monitors and its browsers.
  public: { per: 'address', limit: 300, windowSeconds: minute, guards: 'endpoints without a key' },
  // A buyer returns once and may reload; each visit asks the database, and some the payment service.
  'checkout-return': { per: 'address', limit: 60, windowSeconds: minute, guards: 'the page that a buyer returns to' },
  // Every guessed key would have a limit of its own, so the address counts. Room for a few forgotten agents with a revoked key.
  'unknown-keys': { per: 'address', limit: 200, windowSeconds: minute, guards: 'requests with an unknown API key' },
  // An account is worth a grant. Five are enough for a person who starts over.
  signup: { per: 'address', limit: 5, windowSeconds: hour, guards: 'accounts created from one address' },
  'signup-daily': { per: 'address', limit: 10, windowSeconds: day, guards: 'accounts created from one address' },
  // A provider of IPv6 hands out a /48 or a /56 to one customer, who has thousands of /64 networks then.
  'signup-network-daily': { per: 'network', limit: 20, windowSeconds: day, guards: 'accounts created from one IPv6 site' },
  // Bounds what grants can cost in a day: this times SIGNUP_GRANT_MICRO_CREDITS. Beyond it accounts are made without a grant, so that
  // whoever uses it up locks nobody out.
  'signup-everyone': { per: 'everyone', limit: 500, windowSeconds: day, guards: 'accounts created with a grant' },
} as const satisfies Readonly<Record<string, PolicyRow>>;

export type PolicyName = keyof typeof RATE_LIMITS;

/** The policies that count the requests of a key, and what all keys of its account have in common for each. */
export const ALL_KEYS = {
  burst: 'burst-all-keys',
  account: 'account-all-keys',
  changes: 'changes-all-keys',
} as const satisfies Partial<Record<PolicyName, PolicyName>>;

export type KeyPolicy = keyof typeof ALL_KEYS;

/** What the requests of an endpoint can count against. */
export type EndpointPolicy = KeyPolicy | KeylessPolicy;

/** A policy that counts without looking at a key. */
export type KeylessPolicy = {
  [Name in PolicyName]: (typeof RATE_LIMITS)[Name]['per'] extends 'address' | 'network' | 'everyone' ? Name : never;
}[PolicyName];

export function isKeyPolicy(name: EndpointPolicy): name is KeyPolicy {
  return name in ALL_KEYS;
}

export const RATE_LIMIT_ROWS: Readonly<Record<PolicyName, PolicyRow>> = { ...RATE_LIMITS };

/** What can refuse a signup, in this order. */
export const SIGNUP_POLICIES = ['signup', 'signup-daily', 'signup-network-daily'] as const satisfies readonly PolicyName[];

/** `scale` multiplies the number of requests, never the window. */
export function quotaOf(name: PolicyName, scale: number): Quota {
  const { limit, windowSeconds } = RATE_LIMIT_ROWS[name];
  return { name, limit: limit * scale, windowSeconds };
}
