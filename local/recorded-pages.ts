import { createHash } from 'node:crypto';
import { mediaIdFromShortcode } from '../src/instagram/shortcode.ts';
import { err, ok, type Result } from '../src/core/result.ts';
import { isRecord } from './exact-json.ts';
import type { Page, PageKind, PageRequest, PayloadKind } from './payloads.ts';
import { nextCursorOf, type RecordedPage, scrapedComments } from './recorded-page.ts';
import type { RecordingMap } from './recording-map.ts';

/** A page with the shortcode under which it is served, and how that was chosen. */
export type PlacedPage = RecordedPage & { readonly shortcode: string; readonly how: 'named' | 'mapped' | 'lent' | 'derived' };

/** What placing a page needs to know about the recorded posts. */
export type RecordedPosts = {
  shortcodes(kind: PayloadKind): readonly string[];
  isVideo(kind: PayloadKind, shortcode: string): boolean;
};

const POSTS_OF: Readonly<Record<PageKind, readonly PayloadKind[]>> = {
  hikerapi_v2_comments: ['hikerapi_v1', 'hikerapi_v2'],
  hikerapi_v1_comments: ['hikerapi_v1', 'hikerapi_v2'],
  hikerapi_gql_comments: ['hikerapi_v1', 'hikerapi_v2'],
  hikerapi_replies: ['hikerapi_v1', 'hikerapi_v2'],
  scrapecreators_comments: ['scrapecreators'],
  scrapecreators_replies: ['scrapecreators'],
  scrapecreators_transcript: ['scrapecreators'],
  apify_comments: ['apify'],
  apify_transcript: ['apify'],
};

/** What the Worker requests from one provider after another: where one has no recording, the next may have it. */
const ALTERNATIVES: readonly (readonly PageKind[])[] = [
  ['hikerapi_v2_comments', 'scrapecreators_comments', 'apify_comments'],
  ['scrapecreators_transcript', 'apify_transcript'],
];

/** The kind of page that contains the parents of replies. */
const COMMENTS_OF: Partial<Readonly<Record<PageKind, PageKind>>> = {
  hikerapi_replies: 'hikerapi_v2_comments',
  scrapecreators_replies: 'scrapecreators_comments',
};

/**
 * Assigns a shortcode to every page, the first that applies: the map's; the one that the page names; for replies, that of comments of the
 * same vendor without replies; that of a recorded post of the same vendor without such a page (for a transcript, a video), so that the post
 * can be read as well; one derived from the file's name. A transcript of an unrecorded post is also lent to such a video. Fails when the
 * map names a file without such a page.
 */
export function placePages(found: readonly RecordedPage[], posts: RecordedPosts, map: RecordingMap): Result<readonly PlacedPage[], string> {
  const unknown = Object.keys(map).find((file) => !found.some((page) => page.file === file));
  if (unknown !== undefined) return err(`The map names ${unknown}, which is no recording of comments, replies or a transcript.`);
  const placed: PlacedPage[] = [];
  for (const page of found) {
    const mapped = map[page.file];
    if (mapped !== undefined) placed.push(served(page, mapped, 'mapped'));
    else if (page.shortcode !== null) placed.push({ ...page, shortcode: page.shortcode, how: 'named' });
  }
  const isNameless = (page: RecordedPage) => page.shortcode === null && map[page.file] === undefined;
  // Replies come last, because they join comments that are already placed.
  for (const page of found.filter(isNameless).toSorted((a, b) => Number(a.commentId !== null) - Number(b.commentId !== null))) {
    const lent = commentsWithoutReplies(page, placed) ?? postWithout(page.kind, placed, posts);
    placed.push(lent === null ? served(page, derivedShortcode(page.file), 'derived') : served(page, lent, 'lent'));
  }
  for (const page of placed.filter((page) => page.kind === 'scrapecreators_transcript' && page.how === 'named')) {
    if (posts.shortcodes('scrapecreators').includes(page.shortcode)) continue;
    const lent = postWithout(page.kind, placed, posts);
    if (lent !== null) placed.push(served(page, lent, 'lent'));
  }
  return ok(adopted(placed));
}

/** Serves requests from placed pages. `isPost` tells whether any provider has a recorded post with a shortcode. */
export function pagesFrom(placed: readonly PlacedPage[], isPost: (shortcode: string) => boolean): (request: PageRequest) => Page {
  return (request) => {
    const { kind, shortcode, cursor, commentId } = request;
    const pages = placed.filter((page) => page.kind === kind && page.shortcode === shortcode && page.commentId === commentId);
    const found = cursor === null ? pages[0] : pages[pages.findIndex((page) => nextCursorOf(page) === cursor) + 1];
    // An unknown cursor has index -1, which would start over.
    if (cursor !== null && (found === undefined || found === pages[0])) return { kind: 'end' };
    if (found !== undefined) return { kind: 'page', text: limited(found, request) };
    const others = ALTERNATIVES.find((kinds) => kinds.includes(kind)) ?? [];
    if (placed.some((page) => others.includes(page.kind) && page.shortcode === shortcode)) return { kind: 'elsewhere' };
    return { kind: isPost(shortcode) || placed.some((page) => page.shortcode === shortcode) ? 'none' : 'no_post' };
  };
}

/** Cuts the vendors' lists without pages at the requested limit. */
function limited({ kind, text, value }: PlacedPage, { limit }: PageRequest): string {
  const isList = kind === 'apify_comments' || kind === 'hikerapi_gql_comments';
  return isList && Array.isArray(value) && value.length > limit ? JSON.stringify(value.slice(0, limit)) : text;
}

function commentsWithoutReplies(page: RecordedPage, placed: readonly PlacedPage[]): string | null {
  const comments = COMMENTS_OF[page.kind];
  const candidates = placed.filter((other) => other.kind === comments && !has(placed, page.kind, other.shortcode));
  return candidates[0]?.shortcode ?? null;
}

function postWithout(kind: PageKind, placed: readonly PlacedPage[], posts: RecordedPosts): string | null {
  for (const ofVendor of POSTS_OF[kind]) {
    const free = posts.shortcodes(ofVendor).filter((shortcode) => !has(placed, kind, shortcode));
    const fitting = kind === 'scrapecreators_transcript' ? free.find((code) => posts.isVideo(ofVendor, code)) : free[0];
    if (fitting !== undefined) return fitting;
  }
  return null;
}

function has(placed: readonly PlacedPage[], kind: PageKind, shortcode: string): boolean {
  return placed.some((page) => page.kind === kind && page.shortcode === shortcode);
}

/** Derives eleven characters from the file's name. They start with F, which keeps the media id below 2^63. */
function derivedShortcode(file: string): string {
  return `File${createHash('sha256').update(file).digest('base64url').slice(0, 7)}`;
}

/** A transcript names its own post, so it is renamed when it is lent. */
function served(page: RecordedPage, shortcode: string, how: PlacedPage['how']): PlacedPage {
  if (page.kind !== 'scrapecreators_transcript' || !isRecord(page.value) || !Array.isArray(page.value['transcripts'])) {
    return { ...page, shortcode, how };
  }
  const entries: readonly unknown[] = page.value['transcripts'];
  const transcripts = entries.map((entry) => (isRecord(entry) ? { ...entry, id: mediaIdFromShortcode(shortcode), shortcode } : entry));
  const value = { ...page.value, transcripts };
  return { ...page, shortcode, how, value, text: JSON.stringify(value) };
}

/**
 * Makes replies reachable whose parent is in no recorded page. HikerAPI's include the parent, which becomes the page of comments where
 * there is none; ScrapeCreators' are assigned to the first comment of their page without replies.
 */
function adopted(placed: readonly PlacedPage[]): readonly PlacedPage[] {
  let pages = placed;
  for (const replies of placed) {
    if (replies.kind === 'hikerapi_replies' && !has(pages, 'hikerapi_v2_comments', replies.shortcode)) {
      const page = commentsOfParent(replies);
      if (page !== null) pages = [...pages, page];
    }
    if (replies.kind === 'scrapecreators_replies') pages = withAdoptedReplies(pages, replies);
  }
  return pages;
}

function commentsOfParent(replies: PlacedPage): PlacedPage | null {
  const { value } = replies;
  if (!isRecord(value) || !isRecord(value['parent_comment'])) return null;
  const count = value['child_comment_count'];
  const page = {
    response: {
      comments: [{ ...value['parent_comment'], child_comment_count: count }],
      comment_count: 1 + (typeof count === 'number' ? count : 0),
      has_more_comments: false,
      has_more_headload_comments: false,
      status: 'ok',
    },
    next_page_id: null,
  };
  return { ...replies, kind: 'hikerapi_v2_comments', commentId: null, value: page, text: JSON.stringify(page) };
}

function withAdoptedReplies(pages: readonly PlacedPage[], replies: PlacedPage): readonly PlacedPage[] {
  const comments = pages.filter((page) => page.kind === 'scrapecreators_comments' && page.shortcode === replies.shortcode);
  if (comments.some((page) => scrapedComments(page.value).some((comment) => comment['id'] === replies.commentId))) return pages;
  const [home] = comments;
  const parent = scrapedComments(home?.value).find((comment) => (comment['child_comment_count'] ?? 0) === 0);
  const commentId = parent?.['id'];
  if (home === undefined || typeof commentId !== 'string' || !isRecord(home.value) || !isRecord(replies.value)) return pages;
  const children = scrapedComments(replies.value).map((reply) => ({ ...reply, parent_comment_id: commentId }));
  const widened = scrapedComments(home.value).map((comment) =>
    comment === parent
      ? { ...comment, child_comment_count: children.length, ...('replies' in comment ? { has_more_replies: true } : {}) }
      : comment,
  );
  const rewritten = (page: PlacedPage, value: unknown): PlacedPage => ({ ...page, value, text: JSON.stringify(value) });
  const newHome = rewritten(home, { ...home.value, comments: widened });
  const newReplies = { ...rewritten(replies, { ...replies.value, comments: children }), commentId };
  return pages.map((page) => (page === home ? newHome : page === replies ? newReplies : page));
}
