/** What shares a count: a key, an address, or all requests. */
type Counted = 'key' | 'address' | 'everyone';

/** A limit of requests per window, counted under `name`. */
export type Quota = { readonly name: string; readonly limit: number; readonly windowSeconds: number };

type PolicyRow = Omit<Quota, 'name'> & { readonly per: Counted; readonly guards: string };

const minute = 60;
const hour = 3_600;
const day = 86_400;

/** Every rate limit of the API. The response headers, the API description and docs/reference/rate-limits.md are derived from it. */
export const RATE_LIMITS = {
  // One read a second, with room for an agent that reads in bursts; the providers allow a few per second in total.
  burst: { per: 'key', limit: 60, windowSeconds: minute, guards: 'paid reads' },
  // Cheap reads of one row; agents poll their balance.
  account: { per: 'key', limit: 120, windowSeconds: minute, guards: 'reading the account, its keys, usage and top-ups' },
  // Each one writes, and some call the payment provider.
  changes: { per: 'key', limit: 20, windowSeconds: minute, guards: 'changes to keys and top-ups' },
  // Generous: a team behind one address, its monitors, and a reader of the documentation.
  public: { per: 'address', limit: 300, windowSeconds: minute, guards: 'endpoints without a key' },
  // Someone who makes up keys has a fresh key limit each time, but one address. Leaves room for a few forgotten agents with a revoked key.
  'unknown-keys': { per: 'address', limit: 200, windowSeconds: minute, guards: 'requests with a key that does not exist' },
  // Accounts come with a grant, which attracts farms. Five are enough for a person who starts over.
  signup: { per: 'address', limit: 5, windowSeconds: hour, guards: 'signups from one address' },
  'signup-daily': { per: 'address', limit: 10, windowSeconds: day, guards: 'signups from one address' },
  // Bounds the cost of grants per day: this times SIGNUP_GRANT_MICRO_CREDITS.
  'signup-everyone': { per: 'everyone', limit: 500, windowSeconds: day, guards: 'signups in total' },
} as const satisfies Readonly<Record<string, PolicyRow>>;

export type PolicyName = keyof typeof RATE_LIMITS;

export const RATE_LIMIT_ROWS: Readonly<Record<PolicyName, PolicyRow>> = { ...RATE_LIMITS };

/** The policies of a signup, in this order: a refused address takes nothing from the limit that everybody shares. */
export const SIGNUP_POLICIES = ['signup', 'signup-daily', 'signup-everyone'] as const satisfies readonly PolicyName[];

type Rule = { readonly methods: readonly string[]; readonly paths: readonly string[]; readonly policy: PolicyName };

const LOOKING = ['GET', 'HEAD'] as const;
const CHANGING = ['POST', 'PATCH', 'PUT', 'DELETE'] as const;

/** The first rule that matches applies. A path that ends in `/*` covers everything below it. */
const RULES: readonly Rule[] = [
  { methods: LOOKING, paths: ['/v1/post', '/v1/reel', '/v1/comments'], policy: 'burst' },
  { methods: CHANGING, paths: ['/v1/keys', '/v1/keys/*', '/v1/topups/*'], policy: 'changes' },
  {
    methods: [...LOOKING, ...CHANGING],
    paths: ['/v1/me', '/v1/keys', '/v1/keys/*', '/v1/topups', '/v1/topups/*', '/v1/usage', '/v1/usage/*', '/v1/ledger', '/v1/ops/*'],
    policy: 'account',
  },
  { methods: ['POST'], paths: ['/v1/signup'], policy: 'public' },
  {
    methods: LOOKING,
    paths: ['/', '/health', '/ready', '/version', '/v1/pricing', '/docs', '/docs/*', '/openapi.json'],
    policy: 'public',
  },
];

/**
 * Returns the policy that a request is counted against first. Null where counting would cost more than the response (unknown paths, other
 * methods), and for the payment provider's calls, which are authenticated by their signature.
 */
export function policyFor(method: string, path: string): PolicyName | null {
  const rule = RULES.find(({ methods, paths }) => methods.includes(method) && paths.some((pattern) => fits(pattern, path)));
  return rule?.policy ?? null;
}

/** Returns a policy's quota in this deployment. `scale` multiplies the limit, not the window. */
export function quotaOf(name: PolicyName, scale: number): Quota {
  const { limit, windowSeconds } = RATE_LIMIT_ROWS[name];
  return { name, limit: limit * scale, windowSeconds };
}

function fits(pattern: string, path: string): boolean {
  return pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
