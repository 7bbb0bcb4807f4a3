import type { MediaTarget } from '../../../src/instagram/target.ts';
import type { CommentsOrder, CommentsPosition } from '../../../src/providers/provider.ts';
import type { Fetch } from '../../../src/net/fetch-json.ts';

/** A moment that the tests call now: 2026-11-01T00:00:00Z. */
export const NOW = Date.UTC(2026, 10, 1);

export const clock = (): number => NOW;

/** As much time as a read usually has. */
export const budget = { deadlineAt: NOW + 25_000 };

export function target(shortcode: string, hint: MediaTarget['hint'] = 'post'): MediaTarget {
  return { kind: 'media', shortcode, hint };
}

export type Sent = { readonly url: string; readonly init: RequestInit };

/** A `fetch` that gives one answer to everything and keeps what it was asked. */
export function answering(status: number, body: unknown, headers: Record<string, string> = {}): { fetch: Fetch; sent: Sent[] } {
  const sent: Sent[] = [];
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const fetch: Fetch = async (url, init) => {
    sent.push({ url, init });
    return new Response(text, { status, headers });
  };
  return { fetch, sent };
}

/** A `fetch` whose answer never comes, and which ends when its signal says so, as the real one does. */
export const silent: Fetch = (_url, init) =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')), { once: true });
  });

/** A `fetch` that finds no way to the host. */
export const unreachable: Fetch = async () => {
  throw new TypeError('fetch failed');
};

/** An answer of a scripted vendor: a body as text or to be written as JSON, 200 where no status is given. */
export type Scripted = { readonly status?: number; readonly body: unknown; readonly headers?: Record<string, string> };

/** A `fetch` that answers by what it is asked, and keeps it. */
export function scripted(reply: (url: URL) => Scripted): { fetch: Fetch; asked: URL[] } {
  const asked: URL[] = [];
  const fetch: Fetch = async (address) => {
    const url = new URL(address);
    asked.push(url);
    const { status = 200, body, headers = {} } = reply(url);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
  };
  return { fetch, asked };
}

/** An order of comments from the beginning of the thread. */
export function commentsOrder(
  limit: CommentsOrder['limit'],
  includeReplies = false,
  position: CommentsPosition | null = null,
): CommentsOrder {
  return { limit, includeReplies, position };
}
