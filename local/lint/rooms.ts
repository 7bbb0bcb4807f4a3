/** What the files of one room may import besides their neighbours in the same folder. */
type Room = {
  /** Rooms, or single files where a room is too much; `a/*` stands for the sub-rooms of `a`. */
  readonly rooms: readonly string[];
  /** Packages by name; `a/*` stands for everything within `a`. */
  readonly packages: readonly string[];
};

const LIBSQL = ['zod', '@libsql/client/web'];
const HTTP = ['hono', 'hono/*', '@hono/zod-openapi'];
const DOMAIN = ['core', 'net', 'instagram'];
const VENDOR: Room = {
  rooms: [...DOMAIN, 'providers/provider.ts', 'providers/list-prices.ts', 'providers/adapter', 'providers/comments'],
  packages: ['zod'],
};
const BILLING = [
  'billing',
  'billing/accounts',
  'billing/archive',
  'billing/idempotency',
  'billing/keys',
  'billing/ledger',
  'billing/operator',
  'billing/topups',
  'billing/usage',
];
const HTTP_SUB_ROOM: Room = {
  rooms: ['core', 'endpoints.ts', 'errors.ts', 'errors', 'http', 'limits', 'ops', 'read', 'read/*', ...BILLING],
  packages: HTTP,
};
const ROUTES: Room = {
  rooms: [
    'core',
    'instagram',
    'endpoints.ts',
    'errors.ts',
    'errors',
    'http',
    'http/*',
    'limits',
    'ops/metrics',
    'parse',
    'parse/prompts',
    'read',
    'read/*',
    ...BILLING,
  ],
  packages: HTTP,
};
const EVERYTHING: Room = { rooms: ['*'], packages: ['*'] };

/** The rooms of src. A folder that is not listed may not exist; an import that is not listed is an error, types included. */
export const ROOMS: Readonly<Record<string, Room>> = {
  core: { rooms: [], packages: ['ulid', 'node:crypto'] },
  net: { rooms: ['core'], packages: [] },
  db: { rooms: ['core'], packages: [...LIBSQL, 'drizzle-orm', 'drizzle-orm/*'] },
  instagram: { rooms: ['core'], packages: ['zod'] },
  'instagram/pasted': { rooms: ['core', 'instagram'], packages: [] },
  providers: { rooms: DOMAIN, packages: [] },
  'providers/adapter': { rooms: [...DOMAIN, 'providers'], packages: ['zod'] },
  'providers/comments': { rooms: [...DOMAIN, 'providers/provider.ts', 'providers/list-prices.ts', 'providers/adapter'], packages: [] },
  'providers/apify': VENDOR,
  'providers/hikerapi': VENDOR,
  'providers/scrapecreators': VENDOR,
  parse: { rooms: [...DOMAIN, 'providers/provider.ts'], packages: [] },
  'parse/prompts': { rooms: ['core', 'instagram', 'parse'], packages: ['zod'] },
  'parse/achronon': { rooms: [...DOMAIN, 'parse', 'parse/prompts', 'providers/provider.ts'], packages: ['zod'] },
  billing: { rooms: ['core'], packages: [] },
  'billing/idempotency': { rooms: ['core', 'db'], packages: LIBSQL },
  'billing/keys': { rooms: ['core', 'db'], packages: LIBSQL },
  'billing/archive': { rooms: ['core', 'db'], packages: LIBSQL },
  'billing/audit': { rooms: ['core', 'db'], packages: LIBSQL },
  'billing/topups': { rooms: ['core', 'db'], packages: [...LIBSQL, 'stripe'] },
  'billing/ledger': { rooms: ['core', 'db', 'billing/idempotency', 'billing/keys'], packages: LIBSQL },
  'billing/writer': { rooms: ['core', 'db', 'billing/ledger'], packages: LIBSQL },
  'billing/accounts': { rooms: ['core', 'db', 'billing/keys', 'billing/ledger'], packages: LIBSQL },
  'billing/operator': { rooms: ['core', 'db', 'billing/keys', 'billing/ledger'], packages: LIBSQL },
  'billing/usage': { rooms: ['core', 'db', 'billing/accounts', 'billing/archive', 'billing/keys', 'billing/ledger'], packages: LIBSQL },
  coalescing: { rooms: [...DOMAIN, 'parse', 'providers/provider.ts', 'providers/failover.ts'], packages: [] },
  errors: {
    rooms: [
      'core',
      'errors.ts',
      'instagram',
      'limits',
      'providers/failover.ts',
      'billing/accounts',
      'billing/idempotency',
      'billing/keys',
      'billing/ledger',
      'billing/topups',
    ],
    packages: [],
  },
  limits: { rooms: ['core', 'net'], packages: ['zod', '@upstash/ratelimit', '@upstash/redis/cloudflare'] },
  // The parts of a read build on the rooms above them in this list; the use case in src/read itself knows them all.
  'read/cache': { rooms: ['core'], packages: ['zod'] },
  'read/limitations': { rooms: ['core', 'instagram', 'providers/provider.ts', 'read/cache'], packages: ['zod'] },
  'read/model': {
    rooms: [...DOMAIN, 'errors.ts', 'errors', 'billing', 'billing/ledger', 'parse', 'providers', 'read/cache', 'read/limitations'],
    packages: ['zod'],
  },
  'read/pricing': {
    rooms: ['core', 'billing', 'billing/accounts', 'billing/idempotency', 'billing/keys', 'billing/ledger', 'read/cache'],
    packages: [],
  },
  'read/samples': { rooms: ['core', 'instagram', 'parse', 'providers/provider.ts', 'read/cache', 'read/model'], packages: [] },
  'read/parts': {
    rooms: [
      ...DOMAIN,
      'errors',
      'billing',
      'billing/ledger',
      'parse',
      'parse/prompts',
      'providers/provider.ts',
      'read/cache',
      'read/limitations',
      'read/model',
      'read/pricing',
      'read/samples',
    ],
    packages: ['zod'],
  },
  'read/response': {
    rooms: [
      'core',
      'instagram',
      'billing/idempotency',
      'parse',
      'parse/prompts',
      'read/cache',
      'read/limitations',
      'read/model',
      'read/parts',
      'read/pricing',
    ],
    packages: ['zod'],
  },
  read: {
    rooms: [
      ...DOMAIN,
      'instagram/pasted',
      'errors.ts',
      'errors',
      'billing/accounts',
      'billing/idempotency',
      'billing/keys',
      'billing/ledger',
      'limits',
      'read/cache',
      'read/limitations',
      'read/model',
      'read/parts',
      'read/pricing',
      'read/response',
    ],
    packages: ['zod'],
  },
  'read/sandbox': {
    rooms: [
      'core',
      'instagram',
      'instagram/pasted',
      'errors',
      'read',
      'read/cache',
      'read/model',
      'read/parts',
      'read/pricing',
      'read/response',
      'read/samples',
    ],
    packages: [],
  },
  ops: { rooms: ['core', 'db', 'billing/archive', 'billing/idempotency', 'billing/keys', 'billing/ledger', 'ops/*'], packages: [] },
  'ops/metrics': { rooms: ['core', 'db', 'limits', 'ops/jobs'], packages: LIBSQL },
  'ops/jobs': { rooms: ['core', 'db', 'billing/archive', 'billing/audit'], packages: LIBSQL },
  http: { rooms: ['core', 'endpoints.ts', 'env.ts', 'errors.ts', 'limits', 'ops', 'read', ...BILLING], packages: HTTP },
  'http/auth': { ...HTTP_SUB_ROOM, rooms: [...HTTP_SUB_ROOM.rooms, 'http/idempotency', 'http/middleware'] },
  'http/format': { rooms: ['core', 'http'], packages: [...HTTP, 'zod'] },
  'http/idempotency': { ...HTTP_SUB_ROOM, rooms: [...HTTP_SUB_ROOM.rooms, 'http/middleware'] },
  'http/limits': { ...HTTP_SUB_ROOM, rooms: [...HTTP_SUB_ROOM.rooms, 'http/auth'] },
  'http/middleware': HTTP_SUB_ROOM,
  'routes/account': { ...ROUTES, rooms: [...ROUTES.rooms, 'routes/keys'] },
  'routes/keys': ROUTES,
  'routes/operator': { ...ROUTES, rooms: [...ROUTES.rooms, 'routes/account', 'routes/keys'] },
  'routes/reads': ROUTES,
  'routes/service': ROUTES,
  'routes/topups': ROUTES,
  wiring: EVERYTHING,
  '': EVERYTHING,
};

/** Files that implement a port: only their own room and the wiring may know them. */
const IMPLEMENTATION = /(?:^|\/)(?:libsql-[a-z-]+|stripe|durable-object-limiter|upstash-limiter)\.ts$/;

/** Says why a file of src may not import `specifier`; null where it may. `file` is a path from src, with forward slashes. */
export function importProblem(file: string, specifier: string): string | null {
  const home = folderOf(file);
  const room = ROOMS[home];
  if (room === undefined) return `src/${home} is no room: list it in local/lint/rooms.ts with what it may import.`;
  if (!specifier.startsWith('.')) {
    return room.packages.some((name) => matches(specifier, name)) ? null : `src/${home} may not import the package ${specifier}.`;
  }
  const target = resolved(home, specifier);
  if (target === null) return 'src imports nothing from outside src.';
  const there = folderOf(target);
  if (there === home) return null;
  if (IMPLEMENTATION.test(target) && room !== EVERYTHING) return 'Take the port, not the implementation: the wiring knows those.';
  const isAllowed = room.rooms.some((name) => target === name || matches(there, name));
  return isAllowed ? null : `src/${home} may not import from src/${there === '' ? target : there}.`;
}

function matches(name: string, pattern: string): boolean {
  return name === pattern || pattern === '*' || (pattern.endsWith('/*') && name.startsWith(pattern.slice(0, -1)));
}

function folderOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

/** A relative import as a path from src; null when it leaves src. */
function resolved(home: string, specifier: string): string | null {
  const parts = home === '' ? [] : home.split('/');
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.pop() === undefined) return null;
    if (part !== '..' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
