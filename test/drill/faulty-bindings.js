// A Worker that stands between the service and three of its bindings, so that a drill can break them without touching either side.
// `PUT /<binding>` with `works`, `throws` or `hangs` as its body says what each does from then on; a new process starts with `works`.
import { RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';

/** Longer than any caller waits; without an end, the runtime would notice that nothing can come any more. */
const HANG_MS = 60_000;

const modes = { CONTENT_CACHE: 'works', RATE_LIMITS: 'works', METRICS: 'works' };

async function through(binding, work) {
  switch (modes[binding]) {
    case 'throws':
      throw new Error(`${binding} is broken by the drill`);
    case 'hangs':
      await scheduler.wait(HANG_MS);
      throw new Error(`${binding} hangs by the drill`);
    default:
      return work();
  }
}

export class ContentCache extends WorkerEntrypoint {
  get(...args) {
    return through('CONTENT_CACHE', () => this.env.REAL.get(...args));
  }

  put(...args) {
    return through('CONTENT_CACHE', () => this.env.REAL.put(...args));
  }
}

class Limit extends RpcTarget {
  #real;

  constructor(real) {
    super();
    this.#real = real;
  }

  take(...args) {
    return through('RATE_LIMITS', () => this.#real.take(...args));
  }
}

export class RateLimits extends WorkerEntrypoint {
  getByName(name) {
    return new Limit(this.env.REAL_RATE_LIMITS.getByName(name));
  }
}

class Counters extends RpcTarget {
  #real;

  constructor(real) {
    super();
    this.#real = real;
  }

  add(...args) {
    return through('METRICS', () => this.#real.add(...args));
  }
}

export class Metrics extends WorkerEntrypoint {
  getByName(name) {
    return new Counters(this.env.REAL_METRICS.getByName(name));
  }
}

export default {
  async fetch(request) {
    const binding = new URL(request.url).pathname.slice(1);
    if (!Object.hasOwn(modes, binding)) return new Response(null, { status: 404 });
    modes[binding] = await request.text();
    return new Response(null, { status: 204 });
  },
};
