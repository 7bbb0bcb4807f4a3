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

/** What a browser sends when somebody opens a link: the platform redirects only requests that look like one. */
const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'en-US,en;q=0.9',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
  'sec-fetch-user': '?1',
  'upgrade-insecure-requests': '1',
} as const;

/**
 * `unresolved`: the platform says that the link leads to no post. `timed_out` and `unreachable`: it did not say where the link leads; a login
 * wall and a challenge say nothing about the link either.
 */
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
        init: { method: 'GET', headers: NAVIGATION },
        limitMs: SHARE_LINK_LIMIT_MS,
      } as const;
      const answered = await fetchWithin(deps, request, budget, async (response) => {
        await response.body?.cancel();
        return { status: response.status, location: response.headers.get('location') };
      });
      if (!answered.ok) return err({ kind: answered.error.kind });
      const { status, location } = answered.value.value;
      if (status === 404 || status === 410) return err({ kind: 'unresolved' });
      return status >= 300 && status < 400 && location !== null ? postAt(location, target.path) : err({ kind: 'unreachable' });
    },
  };
}

/** The post at an address, which may stand in the `next=` of a login page. A relative URL belongs to the platform. */
function postAt(location: string, path: string): Result<MediaTarget, ShareLinkFailure> {
  if (location.length > MAX_LOCATION_CHARACTERS) return err({ kind: 'unresolved' });
  const url = URL.parse(location, `https://www.instagram.com${path}`);
  if (url === null || url.protocol !== 'https:' || !POST_HOSTS.has(url.host) || url.username !== '' || url.password !== '') {
    return err({ kind: 'unresolved' });
  }
  const target = parseTarget(url.href);
  if (!target.ok) return err({ kind: target.error.reason === 'account_page' ? 'unreachable' : 'unresolved' });
  return target.value.kind === 'media' ? ok(target.value) : err({ kind: 'unresolved' });
}
