import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { migrateDatabase } from '../../local/migrate.ts';
import { freePort, startSqld } from '../../local/sqld.ts';
import { startFakes } from '../../local/fakes/fakes.ts';
import { createApp } from '../../src/app.ts';
import { createDatabase } from '../../src/db/client.ts';
import { buildDeps, metricsFor, runScheduled } from '../../src/wiring/deps.ts';
import type { Env, Settings } from '../../src/env.ts';
import { randomIds } from '../../src/core/ids.ts';
import type { RateLimitObjects } from '../../src/limits/durable-object-limiter.ts';
import { createCounterBuffer } from '../../src/ops/metrics/counter-buffer.ts';
import type { Increment } from '../../src/ops/metrics/series.ts';
import type { ReadCoalescer } from '../../src/coalescing/read-coalescer.ts';
import type { LedgerWriter } from '../../src/billing/ledger/writer.ts';
import { writerFor } from '../../src/wiring/database.ts';
import { readCoalescerFor } from '../../src/wiring/reader.ts';
import type { Runtime } from '../../src/wiring/runtime.ts';
import { processCoalescers } from '../support/coalescers.ts';
import { processRateLimits } from '../support/rate-limits.ts';
import { startTurnstile, TURNSTILE_PAGE } from '../support/turnstile.ts';
import { processWriters } from '../support/writers.ts';
import type { Seen } from './answer-check.ts';
import { CANARY_SETTINGS, CANARY_STORE_TOKEN, VENDOR_MARK } from './canaries.ts';
import type { Destinations, Sent } from './outgoing-check.ts';
import { startPoisonedProxy } from './poisoned-proxy.ts';

/** Long enough for a good read on a busy machine, short enough that a hanging fake costs little time. */
const DRILL_DEADLINE_MS = '12000';

/** More credit than any run spends. */
const DRILL_GRANT = '1000000000';

/** Rate limits: none, the published ones, or a store that always fails. */
export type Counting = 'generous' | 'published' | 'store_down';

type DrillSettings = Partial<Record<keyof Settings, string>>;

/** The Worker's environment: database, fakes that mark their responses, and the settings that point to them. */
export type Ground = {
  readonly settings: DrillSettings;
  readonly database: Client;
  readonly dataFolder: string;
  readonly destinations: Destinations;
  /** How many errors of fakes contained the vendor's mark. */
  poisonedErrors(): number;
  stop(): Promise<void>;
};

/** Starts a real libSQL server, the fakes behind proxies that mark their responses, and a failing rate-limit store. */
export async function startGround(): Promise<Ground> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'igskill-drill-'));
  const sqld = await startSqld({ dataDir: dataFolder, port: await freePort() });
  const database = createDatabase({ url: sqld.url });
  await migrateDatabase(database);
  const fakes = await startFakes({});
  if (!fakes.ok) throw new Error(fakes.error);
  const { baseUrls } = fakes.value;
  const proxyTo = (id: keyof typeof baseUrls) => startPoisonedProxy(baseUrls[id]);
  const [apify, hikerapi, scrapecreators] = [await proxyTo('apify'), await proxyTo('hikerapi'), await proxyTo('scrapecreators')];
  const [achronon, stripe] = [await proxyTo('achronon'), await proxyTo('stripe')];
  const [turnstile, store] = [await startTurnstile(), await startBrokenStore()];
  const origin = (url: string) => new URL(url).origin;
  return {
    settings: {
      ...CANARY_SETTINGS,
      LIBSQL_URL: sqld.url,
      SIGNUP_GRANT_MICRO_CREDITS: DRILL_GRANT,
      READ_DEADLINE_MS: DRILL_DEADLINE_MS,
      ACHRONON_AI_PARSE_TIMEOUT_MS: DRILL_DEADLINE_MS,
      ACHRONON_AI_TRANSCRIBE_TIMEOUT_MS: DRILL_DEADLINE_MS,
      RATE_LIMIT_SCALE: '1000000',
      APIFY_BASE_URL: apify.baseUrl,
      HIKERAPI_BASE_URL: hikerapi.baseUrl,
      SCRAPECREATORS_BASE_URL: scrapecreators.baseUrl,
      INSTAGRAM_BASE_URL: baseUrls.instagram,
      ACHRONON_AI_ENDPOINT: achronon.baseUrl,
      STRIPE_API_BASE_URL: stripe.baseUrl,
      STRIPE_MODE: 'test',
      PUBLIC_ORIGIN: 'http://api.test',
      TURNSTILE_VERIFY_URL: turnstile.url,
      TURNSTILE_HOSTNAMES: TURNSTILE_PAGE,
      UPSTASH_REDIS_REST_URL: store.url,
    },
    database,
    dataFolder,
    destinations: {
      database: origin(sqld.url),
      instagram: origin(baseUrls.instagram),
      providers: [apify, hikerapi, scrapecreators].map(({ baseUrl }) => origin(baseUrl)),
      others: [achronon.baseUrl, stripe.baseUrl, store.url].map(origin),
      turnstile: origin(turnstile.url),
    },
    poisonedErrors: () => [apify, hikerapi, scrapecreators, achronon, stripe].reduce((sum, proxy) => sum + proxy.poisonedErrors(), 0),
    stop: async () => {
      await Promise.all([apify, hikerapi, scrapecreators, achronon, stripe, turnstile, store].map((server) => server.stop()));
      await fakes.value.stop();
      await sqld.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** A rate-limit store that refuses every request. */
async function startBrokenStore(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((req, res) => {
    req.resume();
    res.writeHead(500, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify({ error: VENDOR_MARK }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // safe because a server that listens on a TCP port has such an address
  const { port } = server.address() as AddressInfo;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** The API in this process, with its recorded effects. */
export type Api = {
  ask(request: Request, counting: Counting, sent: Sent[]): Promise<Seen>;
  /** The log lines since the last call. */
  takeLog(): string[];
  /** The content cache's keys and values since the last call, which empties it. */
  takeCache(): [string, string][];
  /** Resets the rate-limit counters. */
  forgetCounts(): void;
  flushCounters(): Promise<void>;
  runCron(): Promise<void>;
};

/** Wires the API like the Worker. The outgoing requests of each request are recorded in its `sent`. */
export function createApi({ settings }: Ground): Api {
  const log: string[] = [];
  const cache = new Map<string, string>();
  const sentBy = new AsyncLocalStorage<Sent[]>();
  let limits = processRateLimits();
  const runtime: Runtime = {
    clock: Date.now,
    ids: randomIds,
    fetch: (input, init) => {
      const body = typeof init?.body === 'string' ? init.body : '';
      const isRequest = input instanceof Request;
      sentBy
        .getStore()
        ?.push({ url: isRequest ? input.url : String(input), redirect: init?.redirect ?? (isRequest ? input.redirect : 'follow'), body });
      // Otherwise decompressing responses would dominate the run time.
      if (isRequest && input.url.startsWith(settings.LIBSQL_URL ?? '')) input.headers.set('Accept-Encoding', 'identity');
      return fetch(input, init);
    },
    log: (event) => void log.push(JSON.stringify(event)),
    logJob: (run) => void log.push(JSON.stringify(run)),
  };
  const counters = createCounterBuffer((increments) => metricsFor(environments.generous, runtime).add(increments));
  const bindings = bindingsOf({
    cache,
    takeFrom: (name) => limits.getByName(name),
    count: (increments) => counters.add(increments),
    deck: () => readCoalescerFor(environments.generous, runtime),
    writer: (shard) => writerFor(environments.generous, shard, runtime),
  });
  const { UPSTASH_REDIS_REST_URL: storeUrl = '', ...rest } = settings;
  const environments: Readonly<Record<Counting, Env>> = {
    generous: { ...rest, ...bindings },
    published: { ...rest, RATE_LIMIT_SCALE: '1', ...bindings },
    store_down: { ...rest, UPSTASH_REDIS_REST_URL: storeUrl, UPSTASH_REDIS_REST_TOKEN: CANARY_STORE_TOKEN, ...bindings },
  };
  const app = createApp(({ env, background, hints }) => buildDeps(env, background, hints, runtime));
  return {
    ask: (request, counting, sent) =>
      sentBy.run(sent, async () => {
        const startedAt = performance.now();
        const background: Promise<unknown>[] = [];
        const context = {
          waitUntil: (work: Promise<unknown>) => void background.push(work),
          passThroughOnException: () => undefined,
          props: {},
        };
        const response = await app.request(request, undefined, environments[counting], context);
        const text = await response.text();
        const milliseconds = performance.now() - startedAt;
        await Promise.allSettled(background);
        return { status: response.status, headers: response.headers, text, milliseconds };
      }),
    takeLog: () => log.splice(0),
    takeCache() {
      const entries = [...cache];
      cache.clear();
      return entries;
    },
    forgetCounts() {
      limits = processRateLimits();
    },
    flushCounters: async () => {
      await counters.flush();
    },
    runCron: () => runScheduled(environments.generous, runtime),
  };
}

/** The Worker's bindings in this process. */
function bindingsOf(parts: {
  readonly cache: Map<string, string>;
  readonly takeFrom: RateLimitObjects['getByName'];
  readonly count: (increments: readonly Increment[]) => void;
  readonly deck: () => ReadCoalescer;
  readonly writer: (shard: number) => LedgerWriter;
}): Pick<Env, 'CONTENT_CACHE' | 'ASSETS' | 'RATE_LIMITS' | 'METRICS' | 'READ_FLIGHTS' | 'LEDGER'> {
  const { cache, takeFrom, count, deck, writer } = parts;
  const store = {
    get: (key: string) => Promise.resolve(cache.get(key) ?? null),
    put: (key: string, text: string) => Promise.resolve(void cache.set(key, text)),
  };
  return {
    // safe because the cache uses get and put alone, and nothing here asks for assets
    CONTENT_CACHE: store as unknown as Env['CONTENT_CACHE'],
    ASSETS: {} as Env['ASSETS'],
    RATE_LIMITS: { getByName: takeFrom },
    METRICS: { getByName: () => ({ add: async (increments) => count(increments) }) },
    LEDGER: processWriters(writer, Date.now),
    READ_FLIGHTS: processCoalescers(deck),
  };
}
