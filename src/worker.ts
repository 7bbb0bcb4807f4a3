import { DurableObject } from 'cloudflare:workers';
import { createApp } from './app.ts';
import { createCompensations } from './billing/writer/compensations.ts';
import type { LedgerCall } from './billing/ledger/commands.ts';
import type { LedgerWriter as Writer } from './billing/ledger/writer.ts';
import { buildDeps, metricsFor, runScheduled } from './wiring/deps.ts';
import type { Env } from './env.ts';
import type { ReadCoalescer } from './coalescing/read-coalescer.ts';
import { type Counters, createRateLimitObject, type RateLimitObject } from './limits/durable-object-limiter.ts';
import type { MissCounts } from './limits/miss-allowance.ts';
import type { ObjectStorage } from './limits/object-storage.ts';
import { createCounterBuffer, FLUSH_AFTER_MS } from './ops/metrics/counter-buffer.ts';
import type { Increment } from './ops/metrics/series.ts';
import { writerFor } from './wiring/database.ts';
import { readCoalescerFor } from './wiring/reader.ts';
import { systemClock } from './wiring/runtime.ts';

const app = createApp(({ env, background, hints }) => buildDeps(env, background, hints));

export default {
  fetch(request, env, ctx) {
    const answer = Promise.resolve(app.fetch(request, env, ctx));
    // A disconnected caller must not cancel a settlement, so the request runs to its end.
    ctx.waitUntil(answer.catch(() => undefined));
    return answer;
  },
  scheduled(_controller, env, ctx) {
    ctx.waitUntil(runScheduled(env));
  },
} satisfies ExportedHandler<Env>;

export class ReadFlight extends DurableObject<Env> {
  readonly #coalescer = readCoalescerFor(this.env);

  coalesce(...order: Parameters<ReadCoalescer['coalesce']>): ReturnType<ReadCoalescer['coalesce']> {
    const answer = this.#coalescer.coalesce(...order);
    // A disconnected caller must not end the run for its followers.
    this.ctx.waitUntil(answer.catch(() => undefined));
    return answer;
  }
}

/**
 * Queues all writes to the database of one shard. Its storage holds only compensations to run once the database is reachable again; what an
 * account can spend is only in the database.
 */
export class LedgerWriter extends DurableObject<Env> {
  #writer: Writer | undefined;
  readonly #abandoned = createCompensations(
    {
      keep: (name, note) => this.ctx.storage.put(name, note),
      list: (limit, after) => this.ctx.storage.list({ prefix: 'abandoned:', limit, ...(after === undefined ? {} : { startAfter: after }) }),
      forget: async (names) => void (await this.ctx.storage.delete([...names])),
      wakeAt: (time) => this.ctx.storage.setAlarm(time),
    },
    systemClock,
  );

  #of(shard: number): Writer {
    return (this.#writer ??= writerFor(this.env, shard));
  }

  submit(shard: number, call: LedgerCall): ReturnType<Writer['submit']> {
    return this.#of(shard).submit(call);
  }

  run(shard: number, ...order: Parameters<Writer['run']>): ReturnType<Writer['run']> {
    return this.#of(shard).run(...order);
  }

  compensate(shard: number, call: LedgerCall): Promise<void> {
    return this.#abandoned.add(shard, call);
  }

  override alarm(): Promise<void> {
    return this.#abandoned.carryOut((shard) => this.#of(shard));
  }
}

/** A crash may lose this much of a subject's count. A shorter time would make every object write to disk constantly. */
const SAVE_COUNTS_AFTER_MS = 5_000;

/** Counts requests for the rate limits and the misses of an account, and leases what one caller at a time may do. */
export class RateLimit extends DurableObject<Env> {
  // The value `counter` of an earlier format is deleted by the alarm of its window.
  readonly #counts = createRateLimitObject(
    { requests: this.#storage<Counters>('counts'), misses: this.#storage<MissCounts>('misses') },
    systemClock,
  );

  #storage<T>(name: string): ObjectStorage<T> {
    return {
      load: () => this.ctx.storage.get<T>(name),
      pause: () => new Promise((resolve) => setTimeout(resolve, SAVE_COUNTS_AFTER_MS)),
      save: (value) => this.ctx.storage.put(name, value, { allowUnconfirmed: true }),
      forgetAt: (time) => this.ctx.storage.setAlarm(time, { allowUnconfirmed: true }),
      clear: () => this.ctx.storage.deleteAll(),
    };
  }

  take(...taking: Parameters<RateLimitObject['take']>) {
    return this.#counts.take(...taking);
  }

  takeBoth(...taking: Parameters<RateLimitObject['takeBoth']>) {
    return this.#counts.takeBoth(...taking);
  }

  askTarget(...asked: Parameters<RateLimitObject['askTarget']>) {
    return this.#counts.askTarget(...asked);
  }

  endTarget(...ended: Parameters<RateLimitObject['endTarget']>) {
    return this.#counts.endTarget(...ended);
  }

  lease(ms: number) {
    return this.#counts.lease(ms);
  }

  endLease(ms: number) {
    return this.#counts.endLease(ms);
  }

  override alarm() {
    return this.#counts.forget();
  }
}

/** Collects the counters of all isolates in memory and writes them together every few seconds. */
export class Metrics extends DurableObject<Env> {
  // A connection belongs to one request or alarm, so each flush opens its own.
  readonly #buffer = createCounterBuffer((increments) => metricsFor(this.env).add(increments));

  async add(increments: readonly Increment[]): Promise<void> {
    this.#buffer.add(increments);
    if ((await this.ctx.storage.getAlarm()) === null) await this.#wakeUp();
  }

  override async alarm(): Promise<void> {
    const { isEmpty } = await this.#buffer.flush();
    if (!isEmpty) await this.#wakeUp();
  }

  #wakeUp(): Promise<void> {
    return this.ctx.storage.setAlarm(systemClock() + FLUSH_AFTER_MS);
  }
}
