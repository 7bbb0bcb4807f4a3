import type { Client } from '@libsql/client';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { startFakes, type Fakes } from '../../local/fakes/fakes.ts';
import { createApp } from '../../src/app.ts';
import { auditLedger } from '../../src/billing/audit/full-audit.ts';
import { WRITER_LIMITS, type WriterLimits } from '../../src/billing/writer/ledger-writer.ts';
import { buildDeps, metricsFor, runScheduled } from '../../src/wiring/deps.ts';
import type { Env, Settings } from '../../src/env.ts';
import type { App } from '../../src/http/context.ts';
import type { RequestEvent } from '../../src/http/request-event.ts';
import { randomIds } from '../../src/core/ids.ts';
import { createCounterBuffer } from '../../src/ops/metrics/counter-buffer.ts';
import { writerFor } from '../../src/wiring/database.ts';
import { readCoalescerFor } from '../../src/wiring/reader.ts';
import type { Runtime } from '../../src/wiring/runtime.ts';
import { processCoalescers } from './coalescers.ts';
import { processRateLimits } from './rate-limits.ts';
import { type ProcessWriters, processWriters } from './writers.ts';
import { manualClock, serverDatabase, sha256 } from './database.ts';
import { fakeSettings } from './settings.ts';
import { useSqld } from './sqld.ts';

/** The owner's key in these tests. Not of a customer key's shape, which the owner's need not have. */
export const OPERATOR_KEY = 'the-owner-key-of-these-tests';

/** Workers KV as far as the cache uses it, with its promise to forget what has expired, and ways to break it. */
export class MemoryKv {
  readonly values = new Map<string, { text: string; expirationTtl: number }>();
  isDown = false;

  async get(key: string): Promise<string | null> {
    if (this.isDown) throw new Error('the store is down');
    return this.values.get(key)?.text ?? null;
  }

  async put(key: string, text: string, { expirationTtl }: { expirationTtl: number }): Promise<void> {
    if (this.isDown) throw new Error('the store is down');
    this.values.set(key, { text, expirationTtl });
  }
}

/** A database behind the API, and a connection to it for the test. */
type ShardDatabase = { readonly url: string; readonly database: Client };

/** One answer, with its body read. */
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: unknown };

/**
 * The API as the Worker wires it, in this process: real libSQL server, real fakes over HTTP, the test's clock and store.
 * After each test the ledger's audit is all zeros.
 */
export class Api {
  readonly clock = manualClock();
  readonly kv = new MemoryKv();
  readonly events: RequestEvent[] = [];
  /** Everything that was sent out, by host and port. */
  readonly sent: string[] = [];
  /** The objects that count requests, in this process. */
  readonly rateLimits = processRateLimits(this.clock);
  /** Set where time must pass by itself, as for a deadline that cuts a slow provider short. */
  inRealTime = false;
  /** Set to make what may be lost throw: a bug on the paid path. */
  backgroundBug: Error | null = null;
  /** Set to have the database carry everything out and its answers get lost: from the start, or once a provider has been asked. */
  losesAnswers: 'always' | 'after_provider' | null = null;
  /** Which of the answers get lost, counted from 1 when the losing begins; all of them where nobody says otherwise. */
  isLost: (nth: number) => boolean = () => true;
  private lossesSoFar = 0;
  /** Set to keep what is sent to the database from getting there. */
  databaseGate: Promise<void> | null = null;
  /** How much the ledger's writers do at once, for tests that set it before the first request. */
  writerLimits: WriterLimits = WRITER_LIMITS;
  /** The objects that write to the ledger, in this process. */
  readonly writers: ProcessWriters = processWriters(
    (shard) => writerFor(this.env, shard, this.runtime, this.writerLimits),
    () => this.runtime.clock(),
  );
  /** URLs of databases that can't be reached. */
  readonly unreachable = new Set<string>();
  /** Set to have something happen whenever a request goes out, as time passing while the database works. */
  beforeSending: (() => void) | null = null;
  private readonly pending: Promise<unknown>[] = [];
  private readonly counters = createCounterBuffer((increments) => metricsFor(this.env, this.runtime).add(increments));
  private readonly app: App;
  readonly env: Env;

  readonly sqldUrl: string;
  readonly database: Client;
  /** The databases of all shards, in order. */
  readonly shards: readonly ShardDatabase[];

  constructor(shards: readonly [ShardDatabase, ...ShardDatabase[]], fakes: Fakes, settings: Partial<Record<keyof Settings, string>> = {}) {
    const [first, ...others] = shards;
    this.sqldUrl = first.url;
    this.database = first.database;
    this.shards = shards;
    this.env = {
      LIBSQL_URL: first.url,
      ...(others.length === 0 ? {} : { LIBSQL_SHARDS: JSON.stringify(others.map(({ url }) => ({ url }))) }),
      OWNER_ADMIN_KEY_SHA256: sha256(OPERATOR_KEY),
      ...fakeSettings(fakes),
      ...settings,
      // safe because the cache uses get and put alone, and nothing here asks for assets
      CONTENT_CACHE: this.kv as unknown as Env['CONTENT_CACHE'],
      ASSETS: {} as Env['ASSETS'],
      RATE_LIMITS: this.rateLimits,
      // As the Durable Objects do, in one process; counters are written when a test asks for it.
      LEDGER: this.writers,
      METRICS: { getByName: () => ({ add: async (increments) => this.counters.add(increments) }) },
      READ_FLIGHTS: processCoalescers(() => readCoalescerFor(this.env, this.runtime)),
    };
    this.app = createApp(({ env, background, hints }) => buildDeps(env, background, hints, this.runtime));
  }

  private readonly runtime: Runtime = {
    clock: () => (this.inRealTime ? Date.now() : this.clock()),
    ids: randomIds,
    fetch: async (input, init) => {
      const { host, origin } = new URL(input instanceof Request ? input.url : String(input));
      this.sent.push(host);
      this.beforeSending?.();
      if (this.unreachable.has(origin)) throw new TypeError('the database is down');
      const isDatabase = this.isDatabase(host);
      if (isDatabase) await this.databaseGate;
      const answer = await fetch(input, init);
      if (!isDatabase && this.losesAnswers === 'after_provider') this.losesAnswers = 'always';
      if (isDatabase && this.losesAnswers === 'always' && this.isLost(++this.lossesSoFar)) {
        await answer.arrayBuffer();
        throw new TypeError('the answer was lost');
      }
      return answer;
    },
    log: (event) => this.events.push(event),
  };

  /** Sends one request and waits for what the Worker would finish in the background. */
  async request(path: string, init: RequestInit & { key?: string } = {}): Promise<Answer> {
    const { key, ...rest } = init;
    const headers = new Headers(rest.headers);
    if (key !== undefined) headers.set('Authorization', `Bearer ${key}`);
    const response = await this.app.request(path, { ...rest, headers }, this.env, {
      waitUntil: (work) => {
        if (this.backgroundBug !== null) throw this.backgroundBug;
        this.pending.push(work);
      },
      passThroughOnException: () => undefined,
      props: {},
    });
    const text = await response.text();
    await Promise.allSettled(this.pending.splice(0));
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true;
    return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
  }

  /** Writes what was counted, as the object's alarm does. */
  async flushCounters(): Promise<void> {
    await this.counters.flush();
  }

  /** Runs the cron once. */
  async runCron(): Promise<void> {
    await runScheduled(this.env, this.runtime);
  }

  /** A new customer, signed up over the API. */
  async signUp(): Promise<{ key: string; accountId: string }> {
    const { body } = await this.request('/v1/signup', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ accountName: 'Test team', keyName: 'test key' }),
    });
    // safe because the signup tests check this shape against the published schema
    const { apiKey, account } = body as { apiKey: string; account: { id: string } };
    return { key: apiKey, accountId: account.id };
  }

  /** How many requests went to the database and to the providers since the last call. */
  takeSent(): { database: number; providers: number } {
    const hosts = this.sent.splice(0);
    const toDatabase = hosts.filter((host) => this.isDatabase(host)).length;
    return { database: toDatabase, providers: hosts.length - toDatabase };
  }

  private isDatabase(host: string): boolean {
    return this.shards.some(({ url }) => new URL(url).host === host);
  }

  /** What the account can spend and has set aside. */
  async balance(key: string): Promise<{ available: number; held: number }> {
    const { body } = await this.request('/v1/me', { key });
    // safe because the tests of /v1/me check this shape against the published schema
    const { balance } = body as { balance: { availableMicroCredits: number; heldMicroCredits: number } };
    return { available: balance.availableMicroCredits, held: balance.heldMicroCredits };
  }
}

/** Starts what an API test file needs, with one database or several, and audits every ledger after each of its tests. */
export function useApi(options: { readonly shards?: number } = {}): (settings?: Partial<Record<keyof Settings, string>>) => Api {
  const urls = Array.from({ length: options.shards ?? 1 }, () => useSqld());
  let shards: ShardDatabase[] = [];
  let fakes: Fakes | undefined;
  beforeAll(async () => {
    shards = await Promise.all(urls.map(async (url) => ({ url: url(), database: await serverDatabase(url()) })));
    const started = await startFakes({});
    if (!started.ok) throw new Error(started.error);
    fakes = started.value;
  });
  afterEach(async () => {
    if (shards.length === 0) throw new Error('the database has not started');
    for (const { database } of shards) {
      const audit = await auditLedger(database);
      expect(Object.keys(audit).length).toBeGreaterThan(0);
      expect(
        Object.values(audit).every((broken) => broken === 0),
        JSON.stringify(audit),
      ).toBe(true);
    }
  });
  afterAll(async () => {
    await fakes?.stop();
  });
  return (settings) => {
    const [first, ...others] = shards;
    if (first === undefined || fakes === undefined) throw new Error('the API has not started');
    return new Api([first, ...others], fakes, settings);
  };
}
