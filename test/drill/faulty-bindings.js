// A Worker between the service and three of its bindings, which can make them fail without changing either side. `PUT /<binding>` with the
// body `works`, `throws` or `hangs` sets what a binding does from then on; a new process starts with `works`.
import { RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';

/** Longer than any caller waits. A promise that can never resolve would be detected and ended by the runtime. */
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

  takeBoth(...args) {
    return through('RATE_LIMITS', () => this.#real.takeBoth(...args));
  }

  askTarget(...args) {
    return through('RATE_LIMITS', () => this.#real.askTarget(...args));
  }

  lease(...args) {
    return through('RATE_LIMITS', () => this.#real.lease(...args));
  }

  endLease(...args) {
    return through('RATE_LIMITS', () => this.#real.endLease(...args));
  }

  endTarget(...args) {
    return through('RATE_LIMITS', () => this.#real.endTarget(...args));
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
