import { createApp } from '../../src/app.ts';
import { createCompensations } from '../../src/billing/writer/compensations.ts';
import { buildDeps, metricsFor, runScheduled } from '../../src/wiring/deps.ts';
import type { Env } from '../../src/env.ts';
import type { App, AppDeps } from '../../src/http/context.ts';
import { randomIds } from '../../src/core/ids.ts';
import { createCounterBuffer } from '../../src/ops/metrics/counter-buffer.ts';
import { writerFor } from '../../src/wiring/database.ts';
import { readCoalescerFor } from '../../src/wiring/reader.ts';
import type { Runtime } from '../../src/wiring/runtime.ts';
import { randomFrom, type Random } from '../ledger/payment-lifecycles.ts';
import { CompensationMemory } from '../support/compensation-memory.ts';
import { rateLimitObject } from '../support/rate-limits.ts';
import { type Failpoints, Life, type Passage, Visit } from './failpoint.ts';
import type { World } from './world.ts';

/** The response that a caller got; null if the connection was reset before. */
export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string } | null;

type ObjectBinding = { readonly getByName: (name: string) => object };

/** How the objects of each Durable Object binding are created. A new binding in `Env` needs an entry here. */
type ObjectMakers = {
  readonly [K in keyof Env as Env[K] extends ObjectBinding ? K : never]: (
    env: Env,
    runtime: Runtime,
    name: string,
  ) => Env[K] extends ObjectBinding ? ReturnType<Env[K]['getByName']> : never;
};

const OBJECTS: ObjectMakers = {
  READ_FLIGHTS: (env, runtime) => readCoalescerFor(env, runtime),
  LEDGER: (env, runtime) => {
    let made: ReturnType<typeof writerFor> | undefined;
    const writer = (shard: number) => (made ??= writerFor(env, shard, runtime));
    const abandoned = createCompensations(writerStorage(env), runtime.clock);
    return {
      submit: (shard, call) => writer(shard).submit(call),
      run: (shard, ...order) => writer(shard).run(...order),
      compensate: (shard, call) => abandoned.add(shard, call),
      alarm: () => abandoned.carryOut(writer),
    };
  },
  RATE_LIMITS: (_env, runtime) => rateLimitObject(runtime.clock),
  METRICS: (env, runtime) => {
    const buffer = createCounterBuffer((increments) => metricsFor(env, runtime).add(increments));
    return { add: async (increments) => buffer.add(increments), flush: () => buffer.flush() };
  },
};

/** The writer's storage outlives the object. */
const writerStorages = new WeakMap<Env, CompensationMemory>();

function writerStorage(env: Env): CompensationMemory {
  const storage = writerStorages.get(env) ?? new CompensationMemory();
  writerStorages.set(env, storage);
  return storage;
}

/** How far the clock of an isolate or a Durable Object is wrong at most, in either direction. */
export const LARGEST_SKEW_MS = 2_000;

/** Parts of the service that can be replaced by broken ones, to test the test. */
export type Variant = (deps: AppDeps) => AppDeps;

/** The isolates that serve requests, and the Durable Objects behind them. Each has a clock of its own, and lives until a failpoint ends it. */
export class Machines {
  readonly #world: World;
  readonly #failpoints: Failpoints;
  readonly #seed: number;
  readonly #variant: Variant;
  readonly #env: Env;
  readonly #objects = new Map<string, { readonly life: Life; readonly object: object }>();
  readonly #isolates: Isolate[] = [];
  readonly #skews: Random;
  /** Counts the calls of objects, which number their visits. */
  #asked = 0;
  #replacedIsolates = 0;
  #replacedObjects = 0;

  constructor(world: World, failpoints: Failpoints, seed: number, variant: Variant) {
    this.#world = world;
    this.#failpoints = failpoints;
    this.#seed = seed;
    this.#variant = variant;
    this.#skews = randomFrom(seed);
    this.#env = this.#wrapped();
  }

  get killedIsolates(): number {
    return this.#replacedIsolates + this.#isolates.filter(({ life }) => life.isOver).length;
  }

  get killedObjects(): number {
    return this.#replacedObjects + [...this.#objects.values()].filter(({ life }) => life.isOver).length;
  }

  /** Returns one of `many` isolates, replacing it if it has ended. */
  isolate(slot: number): Isolate {
    const living = this.#isolates[slot];
    if (living !== undefined && !living.life.isOver) return living;
    if (living !== undefined) this.#replacedIsolates += 1;
    // A new isolate gets its own environment object, and so its own memory.
    const isolate = new Isolate({ ...this.#env }, this.#runtime(), this.#variant, this.#failpoints);
    this.#isolates[slot] = isolate;
    return isolate;
  }

  /** Starts a visit to this isolate; the same (seed, number) has the same faults. */
  visit(isolate: Isolate, number: number): Visit {
    return new Visit('request', isolate.life, this.#seed, number);
  }

  /** The number of pending compensations. */
  get owed(): number {
    return writerStorage(this.#env).size;
  }

  /** Calls a method of an object from outside, such as its alarm. */
  async alarm(binding: keyof typeof OBJECTS, name: string, method: string): Promise<void> {
    await this.#ask(binding, name, method, []).catch(() => undefined);
  }

  /** Returns the environment with a failpoint in front of every method of every binding. */
  #wrapped(): Env {
    const { settings, bindings } = this.#world;
    const wrapped: Record<string, unknown> = { ...settings };
    for (const [name, binding] of Object.entries(bindings)) wrapped[name] = this.#watched(name, binding);
    for (const name of Object.keys(OBJECTS)) {
      wrapped[name] = { getByName: (id: string) => this.#stub(name, id) };
    }
    // safe because every binding of Env is one of the world's or one of the objects'
    return wrapped as Env;
  }

  #watched(name: string, binding: object): object {
    return new Proxy(binding, {
      get: (target, method) => {
        const found: unknown = Reflect.get(target, method);
        if (typeof found !== 'function' || typeof method !== 'string') return found;
        const passage = (args: readonly unknown[]): Passage<unknown> => ({
          place: `${name}.${method}`,
          send: async () => Reflect.apply(found, target, args),
          failed: () => {
            throw new Error(`${name} ${method} failed: 500 Internal Server Error`);
          },
        });
        return (...args: readonly unknown[]) => this.#failpoints.pass(passage(args));
      },
    });
  }

  #stub(binding: string, id: string): object {
    return new Proxy(
      {},
      {
        get: (_target, method) => {
          if (typeof method !== 'string' || method === 'then') return undefined;
          const passage = (args: readonly unknown[]): Passage<unknown> => ({
            place: `${binding}.${method}`,
            send: () => this.#ask(binding, id, method, args),
            failed: () => {
              throw new Error('internal error');
            },
          });
          return (...args: readonly unknown[]) => this.#failpoints.pass(passage(args));
        },
      },
    );
  }

  /** Calls an object, creating it if needed. If it ends during the call, its memory is lost and the caller gets an error. */
  async #ask(binding: string, id: string, method: string, args: readonly unknown[]): Promise<unknown> {
    const { life, object } = this.#awake(binding, id);
    const visit = new Visit('object', life, this.#seed, -++this.#asked);
    const work = this.#failpoints.during(visit, async (): Promise<unknown> => {
      const found: unknown = Reflect.get(object, method);
      if (typeof found !== 'function') throw new TypeError(`${binding} has no method ${method}`);
      return Reflect.apply(found, object, args);
    });
    const ended = life.over.then(() => {
      throw new Error('Durable Object reset because it was ended');
    });
    return Promise.race([work, ended]);
  }

  #awake(binding: string, id: string): { readonly life: Life; readonly object: object } {
    const name = `${binding} ${id}`;
    const living = this.#objects.get(name);
    if (living !== undefined && !living.life.isOver) return living;
    if (living !== undefined) this.#replacedObjects += 1;
    const makers: Readonly<Record<string, (env: Env, runtime: Runtime, name: string) => object>> = OBJECTS;
    const object = makers[binding]?.(this.#env, this.#runtime(), id);
    if (object === undefined) throw new Error(`nobody can make an object for ${binding}`);
    const woken = { life: new Life(), object };
    this.#objects.set(name, woken);
    return woken;
  }

  #runtime(): Runtime {
    const { clock } = this.#world;
    const skewMs = this.#skews.below(2 * LARGEST_SKEW_MS + 1) - LARGEST_SKEW_MS;
    return {
      clock: () => clock() + skewMs,
      // The id of a request contains its number.
      ids: (prefix) => (prefix === 'req' ? `${prefix}_${requestName(this.#failpoints.visit?.number ?? 0)}` : randomIds(prefix)),
      fetch: (input, init) => this.#failpoints.pass(fetchPassage(this.#world, input, init)),
      log: () => undefined,
    };
  }
}

/** The number of a request as part of its id. */
export function requestName(number: number): string {
  return `drill${String(number).padStart(9, '0')}`;
}

function fetchPassage(world: World, input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Passage<Response> {
  const place = world.placeOf(input instanceof Request ? input.url : String(input));
  return {
    place,
    send: () => fetch(uncompressed(input, init)),
    finish: (answer) => answer.arrayBuffer(),
    failed: () => Response.json({ error: { message: 'Service unavailable' } }, { status: 503 }),
  };
}

/** Disables compression, which would cost a quarter of the run time. */
function uncompressed(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Request {
  const request = new Request(input, init);
  request.headers.set('Accept-Encoding', 'identity');
  return request;
}

/** One isolate, with its own copy of the app and its memory. */
export class Isolate {
  readonly life = new Life();
  readonly #env: Env;
  readonly #runtime: Runtime;
  readonly #app: App;
  readonly #failpoints: Failpoints;

  constructor(env: Env, runtime: Runtime, variant: Variant, failpoints: Failpoints) {
    this.#env = env;
    this.#runtime = runtime;
    this.#failpoints = failpoints;
    this.#app = createApp(({ env, background, hints }) => variant(buildDeps(env, background, hints, runtime)));
  }

  /** Sends one request and waits for its background work; null if the isolate ended before it responded. */
  async request(visit: Visit, path: string, init: RequestInit): Promise<Answer> {
    const pending: Promise<unknown>[] = [];
    const context = {
      waitUntil: (work: Promise<unknown>) => void pending.push(work),
      passThroughOnException: () => undefined,
      props: {},
    };
    const answer = await this.#whileAlive(visit, async () => {
      const response = await this.#app.request(path, init, this.#env, context);
      return { status: response.status, headers: response.headers, text: await response.text() };
    });
    await this.#whileAlive(visit, () => Promise.allSettled(pending));
    return answer;
  }

  /** Runs the cron once. */
  async cron(visit: Visit): Promise<void> {
    await this.#whileAlive(visit, () => runScheduled(this.#env, this.#runtime));
  }

  #whileAlive<T>(visit: Visit, work: () => Promise<T>): Promise<T | null> {
    return Promise.race([this.#failpoints.during(visit, work), this.life.over.then(() => null)]);
  }
}
