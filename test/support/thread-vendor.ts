import type { Fetch } from '../../src/net/fetch-json.ts';

/** What becomes of one call: an answer, a refusal that is free, an answer that is billed but useless, or no connection. */
export type Fate = 'answers' | 'fails' | 'garbage' | 'unreachable';

/** A thread of any shape: how many replies each of its comments has. */
export type ThreadShape = {
  readonly replies: readonly number[];
  readonly commentsPerPage: number;
  readonly repliesPerPage: number;
  /** Replies that HikerAPI shows beside their comment. */
  readonly previewed: number;
};

type Numbered = { readonly id: string; readonly replies: readonly { readonly id: string }[] };

const POST = 'https://www.instagram.com/p/DemoImage01/';

/** All three vendors of comments in memory, with one thread between them. `fate` is asked about every call in turn. */
export function threadVendor(shape: ThreadShape, fate: (call: number) => Fate = () => 'answers'): { fetch: Fetch; calls: () => number } {
  const thread = shape.replies.map((count, index): Numbered => {
    const id = String(1_000_000 + index * 1_000);
    return { id, replies: Array.from({ length: count }, (_, reply) => ({ id: `${id}${String(reply).padStart(4, '0')}` })) };
  });
  let calls = 0;
  const fetch: Fetch = async (address, init) => {
    const what = fate(calls);
    calls += 1;
    if (what === 'unreachable') throw new TypeError('fetch failed');
    if (what === 'fails') return new Response('{"detail":"down"}', { status: 500 });
    if (what === 'garbage') return new Response('{"success":true,"odd":1}', { status: 200 });
    return new Response(JSON.stringify(answer(new URL(address), init, thread, shape)), { status: 200 });
  };
  return { fetch, calls: () => calls };
}

function answer(url: URL, init: RequestInit, thread: readonly Numbered[], shape: ThreadShape): unknown {
  const { pathname, searchParams: query } = url;
  const cursor = query.get('page_id') ?? query.get('min_id') ?? query.get('cursor');
  const repliesTo = thread.find(({ id }) => id === query.get('comment_id'))?.replies ?? [];
  if (pathname === '/v2/media/comments') {
    const { items, next } = page(thread, shape.commentsPerPage, cursor);
    const comments = items.map(({ id, replies }) => {
      return { ...comment(id, 'pk'), child_comment_count: replies.length, preview_child_comments: previews(replies, shape) };
    });
    return { response: { comments }, next_page_id: next };
  }
  if (pathname === '/v2/media/comments/replies') {
    const { items, next } = page(repliesTo, shape.repliesPerPage, cursor);
    const more = next === null ? {} : { next_min_child_cursor: next };
    return { child_comments: items.map(({ id }) => comment(id, 'pk')), has_more_head_child_comments: next !== null, ...more };
  }
  if (pathname === '/v2/instagram/post/comments') {
    const { items, next } = page(thread, shape.commentsPerPage, cursor);
    const comments = items.map(({ id, replies }) => ({ ...comment(id, 'id'), child_comment_count: replies.length }));
    return { success: true, comments, cursor: next };
  }
  if (pathname === '/v1/instagram/post/comment/replies') {
    const { items, next } = page(repliesTo, shape.repliesPerPage, cursor);
    return { success: true, comments: items.map(({ id }) => comment(id, 'id')), cursor: next, has_more: next !== null };
  }
  // An actor of Apify. It bills every row, replies among them.
  const input = typeof init.body === 'string' ? init.body : '';
  // safe because it is the adapter's own input
  const { resultsLimit, includeNestedComments } = JSON.parse(input) as { resultsLimit: number; includeNestedComments?: true };
  return thread
    .slice(0, resultsLimit)
    .flatMap(({ id, replies }) => [
      { ...comment(id, 'id'), postUrl: POST },
      ...(includeNestedComments === true ? replies.map((reply) => ({ ...comment(reply.id, 'id'), postUrl: POST, parentId: id })) : []),
    ]);
}

function previews(replies: Numbered['replies'], { previewed }: ThreadShape): readonly unknown[] {
  return replies.slice(0, previewed).map(({ id }) => comment(id, 'pk'));
}

function comment(id: string, key: 'id' | 'pk'): Readonly<Record<string, unknown>> {
  return { [key]: id, text: `No. ${id}`, user: { pk: '1', username: 'reader.one' } };
}

function page<T>(items: readonly T[], size: number, cursor: string | null): { readonly items: readonly T[]; readonly next: string | null } {
  const from = cursor === null ? 0 : Number(cursor);
  return { items: items.slice(from, from + size), next: from + size < items.length ? String(from + size) : null };
}
