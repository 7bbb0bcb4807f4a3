import type { ExportedHandler } from '@cloudflare/workers-types';
import { createApp } from './app.ts';
import { buildDeps, expireHolds } from './deps.ts';
import type { Env } from './env.ts';

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
  },
} satisfies ExportedHandler<Env>;
