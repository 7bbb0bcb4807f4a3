import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Comment } from '../../../src/instagram/comment.ts';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import type { CommentsProvider, TranscriptProvider } from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import { parseExactJson } from '../../../src/net/fetch-json.ts';
import { commentLimitations } from '../../../src/read/limitations/of-comments.ts';
import { CommentsData } from '../../../src/read/response/data.ts';
import { unexplainedNulls } from '../../support/nulls.ts';
import { answering, budget, clock, commentsOrder, scripted, target } from './answers.ts';

// Real bodies contain other people's names and texts, so they are not part of the project: IGSKILL_RECORDINGS names a folder with them.
const folder = process.env['IGSKILL_RECORDINGS'];

const access = { baseUrl: 'https://vendor.example', key: 'key', clock };

/** A recorded page: its number of entries, and an adapter that receives it. `within` is the part of the batch to compare. */
type Page = {
  readonly name: string;
  readonly entries: number;
  readonly within: 'comments' | 'replies';
  readonly provider: CommentsProvider;
};

const bodies = folder === undefined ? [] : bodiesIn(folder);

function bodiesIn(directory: string): { readonly name: string; readonly text: string; readonly body: unknown }[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => {
      const text = readFileSync(join(directory, file), 'utf8');
      return { name: file.replace(/\.json$/, ''), text, body: parseExactJson(text) };
    });
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce(
    (held: unknown, key) => (typeof held === 'object' && held !== null ? new Map(Object.entries(held)).get(key) : undefined),
    value,
  );
}

function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] | null {
  const list = at(value, ...path);
  return Array.isArray(list) ? list : null;
}

/** Pages of the endpoints that the adapters call, recognised by their shape. */
function pages(): Page[] {
  return bodies.flatMap(({ name, text, body }): Page[] => {
    const hiker = listAt(body, 'response', 'comments');
    if (hiker !== null) {
      const one = scripted(({ pathname, searchParams }) => ({
        body: searchParams.has('page_id') || pathname.endsWith('/replies') ? { response: { comments: [] }, child_comments: [] } : text,
      }));
      return [{ name, entries: hiker.length, within: 'comments', provider: createHikerApi({ ...access, ...one, mediaVersion: 'v1' }) }];
    }
    const hikerReplies = listAt(body, 'child_comments');
    if (hikerReplies !== null) {
      const parent = { response: { comments: [{ pk: '1', child_comment_count: 99 }] }, next_page_id: null };
      const two = scripted((url) => ({ body: url.pathname.endsWith('/replies') ? text : parent }));
      return [
        { name, entries: hikerReplies.length, within: 'replies', provider: createHikerApi({ ...access, ...two, mediaVersion: 'v1' }) },
      ];
    }
    const listed = at(body, 'success') === true ? listAt(body, 'comments') : null;
    if (listed !== null && at(listed[0], 'parent_comment_id') !== undefined) {
      const parent = { comments: [{ id: '1', child_comment_count: 99 }], cursor: null };
      const two = scripted((url) => ({ body: url.pathname.endsWith('/replies') ? text : parent }));
      return [{ name, entries: listed.length, within: 'replies', provider: createScrapeCreators({ ...access, ...two }) }];
    }
    if (listed !== null) {
      const one = scripted(({ searchParams }) => ({ body: searchParams.has('cursor') ? { comments: [], cursor: null } : text }));
      return [{ name, entries: listed.length, within: 'comments', provider: createScrapeCreators({ ...access, ...one }) }];
    }
    return rowsIn(body).map(({ part, rows }) => {
      const unbound = rows.map((row) => ({ ...Object(row), postUrl: null }));
      return {
        name: `${name} ${part}`,
        entries: rows.length,
        within: 'comments',
        provider: createApify({ ...access, ...answering(201, unbound) }),
      };
    });
  });
}

/** Comments of Apify: a data set, and those inside a post. */
function rowsIn(body: unknown): { readonly part: string; readonly rows: readonly unknown[] }[] {
  const items: readonly unknown[] = Array.isArray(body) ? body : [];
  if (at(items[0], 'commentUrl') !== undefined) return [{ part: 'rows', rows: items }];
  return items.flatMap((item, index) => {
    const rows = listAt(item, 'latestComments') ?? [];
    return rows.length === 0 ? [] : [{ part: `#${index}`, rows }];
  });
}

describe.skipIf(folder === undefined)('recorded comments (skipped unless IGSKILL_RECORDINGS names their folder)', () => {
  const recorded = folder === undefined ? [] : pages();

  test('there are comments of every vendor, and replies of those that page them', () => {
    const kinds = new Set(recorded.map(({ provider, within }) => `${provider.id} ${within}`));
    expect(kinds).toEqual(
      new Set(['hikerapi comments', 'hikerapi replies', 'scrapecreators comments', 'scrapecreators replies', 'apify comments']),
    );
  });

  test.each(recorded)('$name becomes $entries complete, valid $within', async ({ entries, within, provider }) => {
    const fetched = await provider.fetchComments(
      { target: target('C3L9IQOygAN'), order: commentsOrder(500, true), postOwner: null },
      budget,
    );
    if (!fetched.ok) throw new Error(fetched.error.kind);
    const comments = fetched.value.value.comments.map((comment) => Comment.parse(comment));
    const found = within === 'comments' ? comments : comments.flatMap(({ replies }) => replies ?? []);
    expect(found).toHaveLength(entries);
    const limitations = commentLimitations(fetched.value.value, 500);
    expect(unexplainedNulls({ data: { comments }, limitations }, CommentsData)).toEqual([]);
    for (const comment of found) {
      expect(comment.id).toMatch(/^\d{10,}$/);
      expect(comment.owner.username).toMatch(/./);
      expect(comment.timestamp).toMatch(/^20/);
      expect(comment.flags.isGif).toBe(comment.text === '');
    }
  });
});

describe.skipIf(folder === undefined)('recorded transcripts (skipped unless IGSKILL_RECORDINGS names their folder)', () => {
  const recorded = bodies.flatMap(({ name, text, body }): { name: string; code: string; provider: TranscriptProvider }[] => {
    const spoken = at(listAt(body, 'transcripts')?.[0], 'shortcode');
    if (typeof spoken === 'string') return [{ name, code: spoken, provider: createScrapeCreators({ ...access, ...answering(200, text) }) }];
    const reel: unknown = Array.isArray(body) ? body[0] : null;
    const code = at(reel, 'transcript') === undefined ? null : at(reel, 'shortCode');
    return typeof code === 'string' ? [{ name, code, provider: createApify({ ...access, ...answering(201, text) }) }] : [];
  });

  test('there is one of each vendor', () => {
    expect(recorded.map(({ provider }) => provider.id).toSorted()).toEqual(['apify', 'scrapecreators']);
  });

  test.each(recorded)('$name has words', async ({ code, provider }) => {
    const fetched = await provider.fetchTranscript(target(code, 'reel'), null, budget);
    expect(fetched).toMatchObject({ ok: true, value: { value: { kind: 'transcript', text: expect.stringMatching(/\w \w/) } } });
  });
});

describe.skipIf(folder === undefined)('recorded refusals (skipped unless IGSKILL_RECORDINGS names their folder)', () => {
  const meanings: Record<string, { readonly status: number; readonly means: object }> = {
    CommentsDisabled: { status: 403, means: { value: { value: { comments: [], shortfall: 'disabled' } } } },
    NotFoundError: { status: 404, means: { value: { value: { comments: [], shortfall: 'end_of_thread' } } } },
    InvalidMediaId: { status: 404, means: { error: { kind: 'not_found' } } },
    MediaUnavailable: { status: 404, means: { error: { kind: 'unavailable' } } },
    InsufficientFunds: { status: 402, means: { error: { kind: 'out_of_credit' } } },
  };
  const recorded = bodies.flatMap(({ name, text, body }) => {
    const meaning = meanings[String(at(body, 'exc_type'))];
    return meaning === undefined ? [] : [{ name, text, ...meaning }];
  });

  test('there is one of each', () => {
    expect(recorded).toHaveLength(Object.keys(meanings).length);
  });

  test.each(recorded)('$name is understood on the way to comments', async ({ text, status, means }) => {
    const provider = createHikerApi({ ...access, ...answering(status, text), mediaVersion: 'v1' });
    expect(
      await provider.fetchComments({ target: target('C3L9IQOygAN'), order: commentsOrder(20), postOwner: null }, budget),
    ).toMatchObject(means);
  });
});
