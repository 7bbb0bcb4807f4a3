import type { MediaTarget } from '../../../src/instagram/target.ts';
import type { CommentsOrder, CommentsPosition } from '../../../src/providers/provider.ts';
import type { Fetch } from '../../../src/net/fetch-json.ts';

/** The tests' current time: 2026-11-01T00:00:00Z. */
export const NOW = Date.UTC(2026, 10, 1);

export const clock = (): number => NOW;

/** The usual time of a read, and more money than any call costs. */
export const budget = { deadlineAt: NOW + 25_000, maxCostMicros: 10_000_000 };

export function target(shortcode: string, hint: MediaTarget['hint'] = 'post'): MediaTarget {
  return { kind: 'media', shortcode, hint };
}

export type Sent = { readonly url: string; readonly init: RequestInit };

/** A `fetch` that always returns one response and records its requests. */
export function answering(status: number, body: unknown, headers: Record<string, string> = {}): { fetch: Fetch; sent: Sent[] } {
  const sent: Sent[] = [];
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const fetch: Fetch = async (url, init) => {
    sent.push({ url, init });
    return new Response(text, { status, headers });
  };
  return { fetch, sent };
}

/** A `fetch` that never responds and rejects when its signal aborts, like the real one. */
export const silent: Fetch = (_url, init) =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')), { once: true });
  });

/** A `fetch` that cannot reach the host. */
export const unreachable: Fetch = async () => {
  throw new TypeError('fetch failed');
};

/** A scripted response: a text, or a body to serialise as JSON; status 200 by default. */
export type Scripted = { readonly status?: number; readonly body: unknown; readonly headers?: Record<string, string> };

/** A `fetch` that responds by the request, and records it. */
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

/** A request for comments from the start of the thread, whose price pays for every call. */
export function commentsOrder(
  limit: CommentsOrder['limit'],
  includeReplies = false,
  position: CommentsPosition | null = null,
): CommentsOrder {
  const { maxCostMicros } = budget;
  return { limit, includeReplies, position, maxCostMicros: { comments: maxCostMicros, replies: maxCostMicros } };
}
