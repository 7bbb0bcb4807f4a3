import type { Client } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccounts } from '../../../src/billing/accounts/libsql-accounts.ts';
import { createKeyOwners } from '../../../src/billing/accounts/key-owners.ts';
import { auditLedger, brokenInvariants } from '../../../src/billing/audit/full-audit.ts';
import { createResponseCipher } from '../../../src/billing/idempotency/response-seal.ts';
import { PRICE_CARD } from '../../../src/billing/price-card.ts';
import { microCredits } from '../../../src/core/money.ts';
import { exampleMedia } from '../../../src/instagram/media-example.ts';
import type { RateLimiter } from '../../../src/limits/limiter.ts';
import { type Caller, createExecuteRead, type ExecuteRead, type ReadCall, type ReadEvent } from '../../../src/read/execute-read.ts';
import { PARTS } from '../../../src/read/parts/parts.ts';
import { createReader } from '../../../src/read/reader.ts';
import { createSandbox } from '../../../src/read/sandbox/sandbox.ts';
import { addCustomer, countedIds, type Customer, manualClock, memoryDatabase, sha256 } from '../../support/database.ts';
import { rateLimitObject } from '../../support/rate-limits.ts';
import { ledgerOver } from '../../support/ledger.ts';
import { readDeps } from '../../support/reads.ts';

const BALANCE = 100_000;
const FRESH = 3_000;

let clock = manualClock();
let ids = countedIds();
let client: Client;
let customer: Customer;
let executeRead: ExecuteRead;
let events: ReadEvent[] = [];
let store: { takeBoth: RateLimiter['takeBoth']; taken: string[] };

beforeEach(async () => {
  clock = manualClock();
  ids = countedIds();
  events = [];
  client = await memoryDatabase();
  customer = await addCustomer(client, { balance: BALANCE });
  store = countingStore();
  const deps = readDeps(clock);
  const accounts = createAccounts({ client, clock, ids, signupGrant: microCredits(0), shard: 0 });
  executeRead = createExecuteRead({
    ledger: ledgerOver({ client, clock }),
    accounts,
    owners: createKeyOwners(accounts, new Map()),
    seal: createResponseCipher('a secret of this test'),
    limits: { limiter: { take: unused, takeBoth: (...asked) => store.takeBoth(...asked) }, scale: 1, clock },
    misses: { ask: async () => ({ allowed: true }), end: () => undefined },
    reader: () => createReader(deps, PARTS),
    sandbox: () => createSandbox({ clock }),
    priceCardVersion: PRICE_CARD.version,
    holdTtlMs: 60_000,
  });
});
afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  client.close();
});

const unused = (): never => {
  throw new Error('nothing asks for this');
};

/** Counts in this process. */
function countingStore(): typeof store {
  const taken: string[] = [];
  const object = rateLimitObject(clock);
  return {
    taken,
    takeBoth: (own, all, now) => {
      taken.push(`${own.subject} of ${all.subject}`);
      return object.takeBoth(own, all.quota, now);
    },
  };
}

function caller(over: Partial<Caller> = {}): Caller {
  return {
    principal: { kind: 'customer', keyHash: customer.keyHash, mode: 'live' },
    requestId: ids('req'),
    isCounted: false,
    log: (event) => events.push(event),
    ...over,
  };
}

function call(over: Partial<ReadCall<'media'>> = {}): ReadCall<'media'> {
  return {
    endpoint: '/v1/post',
    scope: 'read:post',
    input: 'DemoImage01',
    request: { main: 'media', parts: { media: { reelOnly: false } } },
    shape: { view: 'full' },
    freshness: { maxAgeSeconds: null, maxStaleSeconds: 0 },
    ceiling: null,
    isDryRun: false,
    idempotencyKey: null,
    fingerprint: sha256('one call'),
    onlyIfCached: false,
    knownTags: [],
    format: {
      name: 'test',
      unchanged: () => ({ status: 304, headers: {}, body: '' }),
      body: (body) => ({ status: 200, headers: {}, body: JSON.stringify(body) }),
      refusal: ({ code }) => ({ status: 400, headers: {}, body: JSON.stringify({ code }) }),
    },
    ...over,
  };
}

describe('a read without a transport', () => {
  test('delivers plain values, charges, and says in one event what a log line needs', async () => {
    const answer = await executeRead(caller(), call());
    if (!answer.ok || answer.value.kind !== 'delivered') throw new Error('not delivered');
    expect(answer.value.body).toMatchObject({ data: exampleMedia, cache: { status: 'miss' }, usage: { settledMicroCredits: FRESH } });
    expect(Object.keys(answer.value.body)).toEqual([
      'kind',
      'view',
      'data',
      'provider',
      'cache',
      'usage',
      'limitations',
      'untrusted',
      'parse',
    ]);
    expect(answer.value.credits).toEqual({ used: FRESH, remaining: BALANCE - FRESH });
    expect(answer.value.rateLimit).toMatchObject({ quota: { name: 'burst' }, allowance: { remaining: 59 } });
    expect(events).toEqual([expect.objectContaining({ cache: 'miss', provider: 'scrapecreators', settledMicroCredits: FRESH })]);
    expect(events[0]).not.toHaveProperty('available');
  });

  test('replays the stored response of the same call under its key, and charges once', async () => {
    const keyed = call({ idempotencyKey: { text: 'k-1', digest: sha256('k-1') } });
    const first = await executeRead(caller(), keyed);
    const again = await executeRead(caller(), keyed);
    if (!first.ok || first.value.kind !== 'delivered' || !again.ok || again.value.kind !== 'replayed') throw new Error('not replayed');
    expect(again.value.stored).toEqual({ status: 200, headers: {}, body: JSON.stringify(first.value.body) });
    expect(again.value.credits).toEqual({ used: 0, remaining: BALANCE - FRESH });
    const other = await executeRead(caller(), { ...keyed, fingerprint: sha256('another call') });
    expect(other).toMatchObject({ ok: false, error: { refusal: { code: 'idempotency_mismatch' } } });
  });

  test('prices a read without carrying it out', async () => {
    const answer = await executeRead(caller(), call({ isDryRun: true }));
    expect(answer).toMatchObject({ ok: true, value: { kind: 'priced', body: { quote: { expectedMicroCredits: FRESH }, data: null } } });
    expect(answer).toMatchObject({ value: { credits: { used: 0, remaining: BALANCE } } });
  });

  test('refuses a call above its ceiling, free of charge', async () => {
    const answer = await executeRead(caller(), call({ ceiling: FRESH - 1 }));
    expect(answer).toMatchObject({ ok: false, error: { refusal: { code: 'price_above_max' }, credits: { used: 0, remaining: BALANCE } } });
  });

  test('refuses a call beyond the rate limit, and leaves a transport that counts itself alone', async () => {
    for (let sent = 0; sent < 60; sent++) await executeRead(caller(), call({ isDryRun: true }));
    const refused = await executeRead(caller(), call());
    expect(refused).toMatchObject({
      ok: false,
      error: { refusal: { code: 'rate_limited' }, rateLimit: { allowance: { allowed: false } } },
    });
    expect(events.at(-1)).toEqual({ rateLimit: 'burst' });
    expect(new Set(store.taken)).toEqual(new Set([`${customer.keyId} of ${customer.accountId}`]));
    const counted = await executeRead(caller({ isCounted: true }), call());
    expect(counted).toMatchObject({ ok: true, value: { rateLimit: null } });
    expect(store.taken).toHaveLength(61);
  });

  test('goes on while the store of counters is down, and says so in the log', async () => {
    store.takeBoth = () => Promise.reject(new Error('down'));
    expect(await executeRead(caller(), call())).toMatchObject({ ok: true, value: { rateLimit: null } });
    expect(events[0]).toEqual({ rateLimit: 'store_down' });
  });

  test('reads samples for a test key, and for the operator without counting or billing', async () => {
    const principal = { kind: 'customer', keyHash: customer.keyHash, mode: 'test' } as const;
    const sample = await executeRead(caller({ principal }), call({ input: 'TestImage01' }));
    expect(sample).toMatchObject({ ok: true, value: { credits: { used: 0, remaining: BALANCE } } });
    const free = await executeRead(caller({ principal: { kind: 'operator' } }), call());
    expect(free).toMatchObject({ ok: true, value: { credits: { used: 0, remaining: null }, rateLimit: null } });
    expect(store.taken).toHaveLength(1);
  });
});
