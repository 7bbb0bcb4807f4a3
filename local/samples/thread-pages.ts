import type { SampleComment } from './thread.ts';

/** The page size of HikerAPI and ScrapeCreators. */
const COMMENTS_PER_PAGE = 15;

/** Undocumented; small, so that replies have pages too. */
const REPLIES_PER_PAGE = 5;

/** Every third page of a moving thread starts with the last comment of the page before. */
const REPEATS_EVERY = 3;

const CURSOR = 'igskill sample page ';

/** A page and the token of the next, null on the last. */
export type ThreadPage = { readonly comments: readonly SampleComment[]; readonly next: string | null };

/**
 * Returns the page of a cursor, or null for an invalid one. A thread that `moves` repeats its pinned comments on every page and sometimes a
 * comment of the page before, like a busy thread that is being read.
 */
export function threadPage(thread: readonly SampleComment[], cursor: string | null, moves: boolean): ThreadPage | null {
  return pageAt(moves ? movingPages(thread) : pagesOf(thread, COMMENTS_PER_PAGE), cursor);
}

/** Returns the page of a comment's replies for a cursor, or null for an invalid one. */
export function repliesPage(replies: readonly SampleComment[], cursor: string | null): ThreadPage | null {
  return pageAt(pagesOf(replies, REPLIES_PER_PAGE), cursor);
}

/** Returns the token of the replies after the first `delivered`; null when there are none. Skips whole pages only. */
export function repliesCursor(replies: readonly SampleComment[], delivered: number): string | null {
  return delivered >= replies.length ? null : token(Math.floor(delivered / REPLIES_PER_PAGE));
}

function pagesOf(comments: readonly SampleComment[], size: number): readonly (readonly SampleComment[])[] {
  return Array.from({ length: Math.ceil(comments.length / size) }, (_, page) => comments.slice(page * size, (page + 1) * size));
}

function movingPages(thread: readonly SampleComment[]): readonly (readonly SampleComment[])[] {
  const pinned = thread.filter((comment) => comment.isPinned);
  const pages: SampleComment[][] = [];
  for (let at = 0; at < thread.length;) {
    const again = pages.length % REPEATS_EVERY === 0 ? thread.slice(at - 1, at) : [];
    const repeated = pages.length === 0 ? [] : [...pinned, ...again];
    const fresh = thread.slice(at, at + COMMENTS_PER_PAGE - repeated.length);
    pages.push([...repeated, ...fresh]);
    at += fresh.length;
  }
  return pages;
}

function pageAt(pages: readonly (readonly SampleComment[])[], cursor: string | null): ThreadPage | null {
  const number = cursor === null ? 0 : pageNumber(cursor);
  const comments = number === null ? undefined : pages[number];
  if (number === null || comments === undefined) return null;
  return { comments, next: number + 1 < pages.length ? token(number + 1) : null };
}

function token(page: number): string {
  return btoa(`${CURSOR}${page}`);
}

function pageNumber(cursor: string): number | null {
  for (const [word] of cursor.matchAll(/[A-Za-z0-9+/]{24,}={0,2}/g)) {
    let text = '';
    try {
      text = atob(word);
    } catch {
      continue;
    }
    if (text.startsWith(CURSOR)) return Number(text.slice(CURSOR.length));
  }
  return null;
}
