import type { AppContext } from './context.ts';

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The origin under which callers reach this deployment: PUBLIC_ORIGIN. A request's own `Host` can be anything, so it counts only where it
 * names this machine, as in local work. Null where nothing is known.
 */
export function publicOrigin(c: AppContext): string | null {
  const configured = c.get('deps').publicOrigin;
  if (configured !== null) return configured;
  const { origin, hostname } = new URL(c.req.url);
  return LOOPBACK.includes(hostname) ? origin : null;
}
