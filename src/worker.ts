import { DurableObject } from 'cloudflare:workers';
import { createApp } from './app.ts';
import { buildDeps, checkTopUps, expireHolds, forgetReplays, parserFor } from './deps.ts';
import type { Env } from './env.ts';
import type { Counter } from './limits/limiter.ts';
import { createWindowCounter } from './limits/object-limiter.ts';
import type { Quota } from './limits/policies.ts';
import { createFlights } from './parse/flight.ts';
import type { Parser } from './parse/parser.ts';

const app = createApp(({ env, background }) => buildDeps(env, background));

export default {
  fetch(request, env, ctx) {
    const answer = Promise.resolve(app.fetch(request, env, ctx));
    // A caller who hangs up must not cancel a settlement: the whole request lives on until it is done.
    ctx.waitUntil(answer.catch(() => undefined));
    return answer;
  },
  scheduled(_controller, env, ctx) {
    ctx.waitUntil(expireHolds(env));
    ctx.waitUntil(checkTopUps(env));
    ctx.waitUntil(forgetReplays(env));
  },
} satisfies ExportedHandler<Env>;

/** Where parallel identical parses of all isolates become one. */
export class ParseFlight extends DurableObject<Env> {
  readonly #flights = createFlights<Awaited<ReturnType<Parser['parse']>>>();

  parse(...[request, idempotencyKey, budget]: Parameters<Parser['parse']>): ReturnType<Parser['parse']> {
    return this.#flights.run(idempotencyKey, () => parserFor(this.env).parse(request, idempotencyKey, budget));
  }
}

/** Where the requests of one subject are counted. */
export class RateLimit extends DurableObject<Env> {
  readonly #counter = createWindowCounter({
    load: () => this.ctx.storage.get<Counter>('counter'),
    // The answer need not wait for the disk: at worst a crash of the machine forgets the last few requests.
    save: (counter) => this.ctx.storage.put('counter', counter, { allowUnconfirmed: true }),
    forgetAt: (time) => this.ctx.storage.setAlarm(time, { allowUnconfirmed: true }),
    clear: () => this.ctx.storage.deleteAll(),
  });

  take(quota: Quota, now: number) {
    return this.#counter.take(quota, now);
  }

  override alarm() {
    return this.#counter.forget();
  }
}
