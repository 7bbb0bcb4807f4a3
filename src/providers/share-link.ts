import type { Clock } from '../core/clock.ts';
import { parseTarget, type MediaTarget, type ShareTarget } from '../instagram/target.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Budget } from '../net/deadline.ts';
import { fetchWithin, joinUrl, type Fetch } from '../net/fetch-json.ts';

/** Time limit for resolving a share link. The rest of the read's time belongs to the providers. */
export const SHARE_LINK_LIMIT_MS = 5_000;

const POST_HOSTS = new Set(['www.instagram.com', 'instagram.com']);

/** Longer than any post URL with its tracking query. */
const MAX_LOCATION_CHARACTERS = 2_048;

/** `unresolved`: the link leads to no post. `timed_out` and `unreachable`: there was no usable response. */
export type ShareLinkFailure = { readonly kind: 'unresolved' | 'timed_out' | 'unreachable' };

export type ShareLinkResolver = {
  resolve(target: ShareTarget, budget: Budget): Promise<Result<MediaTarget, ShareLinkFailure>>;
};

/**
 * Creates a resolver that finds the post behind a share link with one request to a fixed host. Reads the redirect without following it, and
 * never reads a body. `baseUrl` is the platform's, or a fake's in tests.
 */
export function createShareLinkResolver(deps: {
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
}): ShareLinkResolver {
  return {
    resolve: async (target, budget) => {
      const request = {
        url: joinUrl(deps.baseUrl, target.path),
        init: { method: 'GET', headers: { accept: 'text/html' } },
        limitMs: SHARE_LINK_LIMIT_MS,
      } as const;
      const answered = await fetchWithin(deps, request, budget, async (response) => {
        await response.body?.cancel();
        return { status: response.status, location: response.headers.get('location') };
      });
      if (!answered.ok) return err({ kind: answered.error.kind });
      const { status, location } = answered.value.value;
      if (status === 429 || status >= 500) return err({ kind: 'unreachable' });
      const found = status >= 300 && status < 400 && location !== null ? postAt(location, target.path) : null;
      return found === null ? err({ kind: 'unresolved' }) : ok(found);
    },
  };
}

/** Null for any other host or page and for a further share link. A relative URL belongs to the platform. */
function postAt(location: string, path: string): MediaTarget | null {
  if (location.length > MAX_LOCATION_CHARACTERS) return null;
  const url = URL.parse(location, `https://www.instagram.com${path}`);
  if (url === null || url.protocol !== 'https:' || !POST_HOSTS.has(url.host) || url.username !== '' || url.password !== '') return null;
  const target = parseTarget(url.href);
  return target.ok && target.value.kind === 'media' ? target.value : null;
}
