// The Worker under measurement: the deployed one, and beside it what it is measured against. Built only by the benchmark.
import { DurableObject } from 'cloudflare:workers';
import { Hono } from 'hono';
import { createApp } from '../src/app.ts';
import { createDatabase } from '../src/db/client.ts';
import { buildDeps } from '../src/wiring/deps.ts';
import type { Env } from '../src/env.ts';
import type { AppDeps, Service } from '../src/http/context.ts';
import { ok } from '../src/core/result.ts';
import worker from '../src/worker.ts';
import { createBaselineLedger } from './baseline/libsql-ledger.ts';
import { BASELINE_HEADER, PATHS } from './paths.ts';

export * from '../src/worker.ts';
export { default } from '../src/worker.ts';

type BenchEnv = Env & { readonly IDLE: { getByName(name: string): { nothing(): Promise<number> } } };

/** A Durable Object that does nothing, to measure the cost of a call. */
export class Idle extends DurableObject<BenchEnv> {
  nothing(): number {
    return 0;
  }
}

const bare = new Hono<{ Bindings: BenchEnv }>();
bare.get(PATHS.nothing, (c) => c.text('ok'));
bare.get(PATHS.object, async (c) => c.text(`ok ${await c.env.IDLE.getByName('one').nothing()}`));

/** The whole app with the baseline ledger, and an additional route that does nothing. */
const baseline = createApp(({ env, background, hints }) => withBaseline(buildDeps(env, background, hints), env));
baseline.get(PATHS.nothingInApp, (c) => c.text('ok'));

function withBaseline(deps: AppDeps, env: Env): AppDeps {
  if (!deps.service.ok || env.LIBSQL_URL === undefined) return deps;
  const service = deps.service.value;
  const steps = createBaselineLedger({ client: createDatabase({ url: env.LIBSQL_URL }), clock: deps.clock });
  // The other services are created on first access, which copying them would force.
  const through: Service = Object.create(service, { ledger: { value: { ...service.ledger, ...steps } } });
  return { ...deps, service: ok(through) };
}

/** The entry point on workerd's own socket. Named, because Miniflare puts the asset proxy in front of the default one. */
export const direct = {
  fetch(request, env, ctx) {
    const path = new URL(request.url).pathname;
    if (path === PATHS.nothing || path === PATHS.object) return bare.fetch(request, env, ctx);
    if (path !== PATHS.nothingInApp && request.headers.get(BASELINE_HEADER) === null) return worker.fetch(request, env, ctx);
    const answer = Promise.resolve(baseline.fetch(request, env, ctx));
    ctx.waitUntil(answer.catch(() => undefined));
    return answer;
  },
} satisfies ExportedHandler<BenchEnv>;
