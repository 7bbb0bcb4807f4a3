import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import { z } from 'zod';

/** An answer of a fake, with its text as it came. */
export type RawAnswer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly body: unknown };

type Said = {
  readonly id: string;
  readonly text: string;
  readonly username: string;
  readonly isVerified: boolean;
  readonly isPinned: boolean;
};

/** A thread as it came, page after page: what is repeated is in it twice. */
export type Thread = { readonly comments: readonly (Said & { readonly replies: readonly Said[] })[]; readonly pages: number };

/** No thread of the samples has as many pages; a paging that goes round in circles ends here. */
const MAX_PAGES = 120;

const user = z.object({ username: z.string(), is_verified: z.boolean() });
const HikerComment = z.object({
  pk: z.string(),
  text: z.string(),
  user,
  is_pinned: z.boolean().optional(),
  child_comment_count: z.number().optional(),
});
const HikerPage = z.object({
  response: z.object({ comments: z.array(HikerComment) }),
  next_page_id: z.string().nullable(),
});
const HikerReplies = z.object({
  child_comments: z.array(HikerComment),
  has_more_head_child_comments: z.boolean(),
  next_min_child_cursor: z.string().optional(),
});
const ScrapedComment = z.object({ id: z.string(), text: z.string(), user, child_comment_count: z.number() });
const ScrapedPage = z.object({ comments: z.array(ScrapedComment), cursor: z.string().nullable() });
const ApifyReply = z.object({ id: z.string(), text: z.string(), owner: user });
const ApifyItems = z.array(z.union([ApifyReply.extend({ replies: z.array(ApifyReply) }), z.object({ error: z.string() })]));

const fromHiker = (comment: z.infer<typeof HikerComment>): Said => ({
  id: comment.pk,
  text: comment.text,
  username: comment.user.username,
  isVerified: comment.user.is_verified,
  isPinned: comment.is_pinned === true,
});
const fromScraped = (comment: z.infer<typeof ScrapedComment>): Said => ({
  id: comment.id,
  text: comment.text,
  username: comment.user.username,
  isVerified: comment.user.is_verified,
  isPinned: false,
});
const fromApify = (comment: z.infer<typeof ApifyReply>): Said => ({
  id: comment.id,
  text: comment.text,
  username: comment.owner.username,
  isVerified: comment.owner.is_verified,
  isPinned: false,
});

/** Reads whole threads from the fakes, each in its vendor's way, with all replies. */
export function threadReader(baseUrls: () => Readonly<Record<'apify' | 'hikerapi' | 'scrapecreators', string>>) {
  const link = (shortcode: string) => `https://www.instagram.com/p/${shortcode}/`;
  const raw = {
    hikerapi: (path: string) => ask(`${baseUrls().hikerapi}${path}`, { headers: { 'x-access-key': 'k' } }),
    scrapecreators: (path: string, shortcode: string, more = '') =>
      ask(`${baseUrls().scrapecreators}${path}?url=${encodeURIComponent(link(shortcode))}${more}`, { headers: { 'x-api-key': 'k' } }),
    apify: (actor: string, shortcode: string, input: Readonly<Record<string, unknown>>) =>
      ask(`${baseUrls().apify}/v2/acts/${actor}/run-sync-get-dataset-items`, {
        method: 'POST',
        headers: { authorization: 'Bearer t' },
        body: JSON.stringify({ directUrls: [link(shortcode)], ...input }),
      }),
  };
  return {
    raw,
    transcript: {
      scrapecreators: (shortcode: string) => raw.scrapecreators('/v2/instagram/media/transcript', shortcode),
      apify: async (shortcode: string) => {
        const answer = await raw.apify('apify~instagram-reel-scraper', shortcode, { includeTranscript: true });
        return z.array(z.record(z.string(), z.unknown())).parse(answer.body)[0];
      },
    },
    hikerapi: async (shortcode: string): Promise<Thread> => {
      const id = mediaIdFromShortcode(shortcode);
      const pages = await everyPage(async (cursor) => {
        const answer = await raw.hikerapi(`/v2/media/comments?id=${id}&safe_int=true${parameter('page_id', cursor)}`);
        if (answer.status !== 200) return { items: [], next: null };
        const page = HikerPage.parse(answer.body);
        return { items: page.response.comments, next: page.next_page_id };
      });
      const replies = async (comment: z.infer<typeof HikerComment>) => {
        if (comment.child_comment_count === undefined) return [];
        const found = await everyPage(async (cursor) => {
          const path = `/v2/media/comments/replies?media_id=${id}&comment_id=${comment.pk}${parameter('min_id', cursor)}`;
          const page = HikerReplies.parse((await raw.hikerapi(path)).body);
          return { items: page.child_comments, next: page.has_more_head_child_comments ? (page.next_min_child_cursor ?? null) : null };
        });
        return found.flat().map(fromHiker);
      };
      const comments = await Promise.all(pages.flat().map(async (comment) => ({ ...fromHiker(comment), replies: await replies(comment) })));
      return { comments, pages: pages.length };
    },
    scrapecreators: async (shortcode: string): Promise<Thread> => {
      const read = async (path: string, more: string, cursor: string | null) => {
        const page = ScrapedPage.parse((await raw.scrapecreators(path, shortcode, `${more}${parameter('cursor', cursor)}`)).body);
        return { items: page.comments, next: page.cursor };
      };
      const pages = await everyPage((cursor) => read('/v2/instagram/post/comments', '', cursor));
      const replies = async (comment: z.infer<typeof ScrapedComment>) => {
        if (comment.child_comment_count === 0) return [];
        const found = await everyPage((cursor) => read('/v1/instagram/post/comment/replies', `&comment_id=${comment.id}`, cursor));
        return found.flat().map(fromScraped);
      };
      const comments = await Promise.all(
        pages.flat().map(async (comment) => ({ ...fromScraped(comment), replies: await replies(comment) })),
      );
      return { comments, pages: pages.length };
    },
    apify: async (shortcode: string): Promise<Thread> => {
      const input = { resultsType: 'comments', resultsLimit: 5_000, includeNestedComments: true };
      const items = ApifyItems.parse((await raw.apify('apify~instagram-api-scraper', shortcode, input)).body);
      const comments = items.flatMap((item) => ('error' in item ? [] : [{ ...fromApify(item), replies: item.replies.map(fromApify) }]));
      return { comments, pages: 1 };
    },
  };
}

async function everyPage<T>(
  read: (cursor: string | null) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
): Promise<readonly (readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  for (let cursor: string | null = null; pages.length < MAX_PAGES;) {
    const page: { readonly items: readonly T[]; readonly next: string | null } = await read(cursor);
    pages.push(page.items);
    if (page.next === null) return pages;
    cursor = page.next;
  }
  throw new Error('the paging does not end');
}

function parameter(name: string, cursor: string | null): string {
  return cursor === null ? '' : `&${name}=${encodeURIComponent(cursor)}`;
}

async function ask(url: string, init: RequestInit): Promise<RawAnswer> {
  const answer = await fetch(url, { ...init, redirect: 'manual' });
  const text = await answer.text();
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Some faults answer with no JSON.
  }
  return { status: answer.status, headers: answer.headers, text, body };
}
