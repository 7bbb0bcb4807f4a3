import type { KeyScope } from './billing/keys/limits.ts';
import type { LineItem } from './billing/price-card.ts';
import type { EndpointPolicy } from './limits/policies.ts';

type Endpoint = {
  readonly method: 'get' | 'post' | 'patch' | 'delete' | 'all';
  readonly path: string;
  /** Where the API description lists it; null for pages, which it leaves out. */
  readonly tag: 'Read' | 'Account' | 'Top-ups' | 'Prices' | 'Owner' | 'Service' | null;
  readonly summary: string;
  /** What a request must prove: nothing, any API key, a key with this scope, the operator key, or Stripe's signature. */
  readonly access: 'anyone' | 'key' | KeyScope | 'operator' | 'stripe';
  /** The lines that a call may be charged under. */
  readonly prices?: readonly LineItem[];
  /** The rate limit that applies before anything else. */
  readonly rate: EndpointPolicy | null;
  /** Why nothing is counted where `rate` is null. */
  readonly uncounted?: string;
  readonly state: 'live' | 'planned';
  /** Answers even while settings are missing. */
  readonly worksUnconfigured?: true;
};

const PARTS_OF_MEDIA = ['media', 'comments', 'media_parse', 'comment_parse'] as const;

const READ = { method: 'get', tag: 'Read', rate: 'burst', state: 'live' } as const;
const ACCOUNT = { tag: 'Account', rate: 'account', state: 'live' } as const;
const TOP_UPS = { tag: 'Top-ups', rate: 'account', state: 'live' } as const;
const OPERATOR = { tag: 'Owner', access: 'operator', rate: 'account', state: 'live' } as const;
const OPEN = { method: 'get', access: 'anyone', rate: 'public', state: 'live', worksUnconfigured: true } as const;
const PRICES = { ...OPEN, tag: 'Prices' } as const;
const SERVICE = { ...OPEN, tag: 'Service' } as const;
const PAGE = { ...OPEN, tag: null } as const;
const PLANNED = {
  method: 'all',
  tag: null,
  access: 'anyone',
  rate: null,
  uncounted: 'Counting costs more than the answer, which asks nothing.',
  state: 'planned',
  worksUnconfigured: true,
} as const;

/** Every endpoint, by its operation id. Paths, scopes, rate limits, the routes themselves and docs/reference derive from this table. */
export const ENDPOINTS = {
  readPost: { ...READ, path: '/v1/post', access: 'read:post', prices: PARTS_OF_MEDIA, summary: 'Read a public post' },
  readReel: {
    ...READ,
    path: '/v1/reel',
    access: 'read:reel',
    prices: [...PARTS_OF_MEDIA, 'transcript'],
    summary: 'Read a public reel',
  },
  readComments: {
    ...READ,
    path: '/v1/comments',
    access: 'read:comments',
    prices: ['comments', 'replies', 'comment_parse'],
    summary: 'Read comments of a public post',
  },
  getMe: { ...ACCOUNT, method: 'get', path: '/v1/me', access: 'key', summary: 'Get the current account and balance' },
  listKeys: { ...ACCOUNT, method: 'get', path: '/v1/keys', access: 'keys', summary: 'List API keys' },
  createKey: { ...ACCOUNT, method: 'post', path: '/v1/keys', access: 'keys', rate: 'changes', summary: 'Create an API key' },
  updateKey: {
    ...ACCOUNT,
    method: 'patch',
    path: '/v1/keys/{id}',
    access: 'keys',
    rate: 'changes',
    summary: 'Update an API key',
  },
  revokeKey: {
    ...ACCOUNT,
    method: 'delete',
    path: '/v1/keys/{id}',
    access: 'keys',
    rate: 'changes',
    summary: 'Revoke an API key',
  },
  rotateKey: {
    ...ACCOUNT,
    method: 'post',
    path: '/v1/keys/{id}/rotate',
    access: 'keys',
    rate: 'changes',
    summary: "Rotate an API key's secret",
  },
  listUsage: { ...ACCOUNT, method: 'get', path: '/v1/usage', access: 'account', summary: 'List usage' },
  getReceipt: { ...ACCOUNT, method: 'get', path: '/v1/usage/{requestId}', access: 'account', summary: 'Get a receipt' },
  listLedger: { ...ACCOUNT, method: 'get', path: '/v1/ledger', access: 'account', summary: 'List balance changes' },
  getPricing: { ...PRICES, path: '/v1/pricing', summary: 'Get the price list' },
  signUp: {
    ...ACCOUNT,
    method: 'post',
    path: '/v1/signup',
    access: 'anyone',
    rate: 'public',
    summary: 'Create an account',
  },
  createTopUpCheckout: {
    ...TOP_UPS,
    method: 'post',
    path: '/v1/topups/checkout',
    access: 'billing',
    rate: 'changes',
    summary: 'Create a top-up checkout session',
  },
  listTopUps: { ...TOP_UPS, method: 'get', path: '/v1/topups', access: 'billing', summary: 'List top-ups' },
  getTopUp: { ...TOP_UPS, method: 'get', path: '/v1/topups/{id}', access: 'billing', summary: 'Get a top-up' },
  topUpReturn: {
    method: 'get',
    path: '/topups/return',
    tag: null,
    access: 'anyone',
    rate: 'checkout-return',
    state: 'live',
    summary: 'Show the result of a top-up',
  },
  receiveStripeEvent: {
    ...TOP_UPS,
    method: 'post',
    path: '/v1/stripe/webhook',
    access: 'stripe',
    rate: null,
    uncounted: 'A signature proves who calls, before the database is asked; a refused event would delay a payment.',
    summary: 'Receive a Stripe event',
  },
  getMetrics: { ...OPERATOR, method: 'get', path: '/v1/ops/metrics', summary: 'Get operator metrics' },
  findReceipt: { ...OPERATOR, method: 'get', path: '/v1/ops/receipts/{requestId}', summary: 'Find the receipt of any request' },
  listOwnerActions: { ...OPERATOR, method: 'get', path: '/v1/ops/actions', summary: 'List operator actions' },
  bookCredit: { ...OPERATOR, method: 'post', path: '/v1/ops/credits', summary: 'Grant or adjust credit' },
  freezeAccount: { ...OPERATOR, method: 'post', path: '/v1/ops/accounts/{id}/freeze', summary: 'Freeze an account' },
  unfreezeAccount: { ...OPERATOR, method: 'post', path: '/v1/ops/accounts/{id}/unfreeze', summary: 'Unfreeze an account' },
  reissueRootKey: { ...OPERATOR, method: 'post', path: '/v1/ops/accounts/{id}/root-key', summary: 'Reissue the root key' },
  revokeAnyKey: {
    ...OPERATOR,
    method: 'post',
    path: '/v1/ops/keys/{id}/revoke',
    summary: 'Revoke any API key',
  },
  expireHolds: { ...OPERATOR, method: 'post', path: '/v1/ops/holds/expire', summary: 'Expire overdue holds' },
  runAudit: { ...OPERATOR, method: 'post', path: '/v1/ops/audit', summary: 'Continue the ledger audit' },
  getHealth: { ...SERVICE, path: '/health', summary: 'Check that the service is running' },
  getReadiness: { ...SERVICE, path: '/ready', summary: 'Check that reads can be served' },
  getVersion: { ...SERVICE, path: '/version', summary: 'Get the deployed version' },
  index: { ...PAGE, path: '/', summary: 'Get links to the documentation' },
  docs: { ...PAGE, path: '/docs', summary: 'Browse the API reference' },
  errorDocs: { ...PAGE, path: '/docs/errors', summary: 'Browse errors and limitations' },
  openApi: { ...PAGE, path: '/openapi.json', summary: 'Get the OpenAPI description' },
  profile: { ...PLANNED, path: '/v1/profile', summary: 'Read a profile' },
  search: { ...PLANNED, path: '/v1/search', summary: 'Search hashtags, profiles and places' },
} as const satisfies Readonly<Record<string, Endpoint>>;

type EndpointId = keyof typeof ENDPOINTS;

/** The operations, whose rows the API description shows. */
type OperationId = { [Id in EndpointId]: (typeof ENDPOINTS)[Id]['tag'] extends null ? never : Id }[EndpointId];

/** The part of a route's definition that its row decides. */
export function operation<const Id extends OperationId>(id: Id, description: string) {
  const { method, path, tag, summary, access }: (typeof ENDPOINTS)[Id] = ENDPOINTS[id];
  const needsKey = access !== 'anyone' && access !== 'stripe';
  return {
    method: method as (typeof ENDPOINTS)[Id]['method'],
    path: path as (typeof ENDPOINTS)[Id]['path'],
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: needsKey ? [{ apiKey: [] }] : [],
  };
}

/** The rows with their common type, for code that walks the table. */
export const ENDPOINT_ROWS: Readonly<Record<EndpointId, Endpoint>> = { ...ENDPOINTS };

const rows = Object.values<Endpoint>(ENDPOINTS);

/** Every path below it requires the operator key, even one that no route handles. */
export const OPERATOR_PREFIX = '/v1/ops/';

/** Whether a path is the operator's, the prefix itself included: the middleware asks for the operator key there too. */
export function isOperatorPath(path: string): boolean {
  return `${path}/`.startsWith(OPERATOR_PREFIX);
}

/** Paths whose GET costs money. Hono would answer HEAD by running GET: a read that is paid for and thrown away. */
export const PAID_PATHS = pathsWhere(({ prices }) => prices !== undefined);

/** Paths outside the operator's that need complete settings. */
export const SERVICE_PATHS = pathsWhere(({ access, worksUnconfigured }) => access !== 'operator' && worksUnconfigured === undefined);

export const PLANNED_PATHS = pathsWhere(({ state }) => state === 'planned');

/** Offered to a caller of a planned endpoint. */
export const AVAILABLE_PATHS = pathsWhere(
  ({ state, tag, path }) => state === 'live' && (tag === 'Read' || tag === 'Account' || tag === 'Prices') && !path.includes('{'),
);

/** The scope that a paid path needs: the whole of reading for a path that is not in the table. */
export function scopeOf(path: string): KeyScope {
  const access = rows.find((row) => row.path === path)?.access ?? 'read';
  return access === 'anyone' || access === 'key' || access === 'operator' || access === 'stripe' ? 'read' : access;
}

const COUNTED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

const limited = rows.filter(({ rate }) => rate !== null).map((row) => ({ ...row, segments: row.path.split('/') }));

/**
 * The rate limit that a request counts against before anything else. Null where no route handles it, and for Stripe's calls, which carry
 * a signature. Below the operator's prefix every request counts, because its key is looked up first.
 */
export function policyFor(method: string, path: string): EndpointPolicy | null {
  if (!COUNTED_METHODS.includes(method)) return null;
  if (isOperatorPath(path)) return 'account';
  const name = (method === 'HEAD' ? 'GET' : method).toLowerCase();
  const given = path.split('/');
  return limited.find((row) => row.method === name && fits(row.segments, given))?.rate ?? null;
}

function fits(segments: readonly string[], given: readonly string[]): boolean {
  return (
    segments.length === given.length &&
    segments.every((segment, at) => segment === given[at] || (segment.startsWith('{') && given[at] !== ''))
  );
}

function pathsWhere(isWanted: (row: Endpoint) => boolean): readonly string[] {
  return [...new Set(rows.filter(isWanted).map(({ path }) => path))];
}
