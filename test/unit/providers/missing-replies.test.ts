import { describe, expect, test } from 'vitest';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import type { CommentsProvider } from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import { commentLimitations } from '../../../src/read/limitations/of-comments.ts';
import { answering, budget, clock, commentsOrder, scripted, target } from './answers.ts';

const access = { baseUrl: 'https://vendor.example', key: 'key', clock };

/** Adapters that receive one comment of `counted` replies, of which the vendor gives two and says that there are no more. */
const READERS: Record<string, (counted: number) => CommentsProvider> = {
  'apify, nested': (counted) => {
    const replies = ['181', '182'].map((id) => ({ id, text: 'By the weir.' }));
    return createApify({ ...access, ...answering(201, [{ id: '18', text: 'Which hide?', repliesCount: counted, replies }]) });
  },
  'hikerapi, on the comment’s page': (counted) => {
    const previews = ['181', '182'].map((pk) => ({ pk, text: 'By the weir.' }));
    const comment = { pk: '18', text: 'Which hide?', child_comment_count: counted, preview_child_comments: previews };
    const page = { response: { comments: [comment] }, next_page_id: null };
    const replies = { child_comments: previews, has_more_tail_child_comments: false, has_more_head_child_comments: false };
    return createHikerApi({
      ...access,
      ...scripted(({ pathname }) => ({ body: pathname.endsWith('/replies') ? replies : page })),
      mediaVersion: 'v1',
    });
  },
  'hikerapi, on a page of replies': (counted) => {
    const page = { response: { comments: [{ pk: '18', text: 'Which hide?', child_comment_count: counted }] }, next_page_id: null };
    const replies = { child_comments: ['181', '182'].map((pk) => ({ pk, text: 'By the weir.' })), next_min_child_cursor: null };
    return createHikerApi({
      ...access,
      ...scripted(({ pathname }) => ({ body: pathname.endsWith('/replies') ? replies : page })),
      mediaVersion: 'v1',
    });
  },
  scrapecreators: (counted) => {
    const comments = [{ id: '18', text: 'Which hide?', child_comment_count: counted, replies: [] }];
    const replies = ['181', '182'].map((id) => ({ id, text: 'By the weir.' }));
    return createScrapeCreators({
      ...access,
      ...scripted(({ pathname }) => ({
        body: pathname.endsWith('/replies')
          ? { success: true, comments: replies, cursor: null, has_more: false }
          : { success: true, comments },
      })),
    });
  },
};

async function read(reader: string, counted: number, includeReplies: boolean) {
  const provider = READERS[reader];
  if (provider === undefined) throw new Error(reader);
  const request = { target: target('C3L9IQOygAN'), order: commentsOrder(20, includeReplies), postOwner: null };
  const fetched = await provider(counted).fetchComments(request, budget);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  return fetched.value.value;
}

describe.each(Object.keys(READERS))('%s', (reader) => {
  test('three counted replies, of which two came, are announced as incomplete', async () => {
    const batch = await read(reader, 3, true);
    expect(batch).toMatchObject({ comments: [{ replyCount: 3, replies: [{ id: '181' }, { id: '182' }] }], repliesIncomplete: true });
    expect(commentLimitations(batch, 20)).toContainEqual(
      expect.objectContaining({ code: 'replies_incomplete', reason: 'provider_limit', path: 'data.comments[].replies' }),
    );
  });

  test('nothing is announced where all came, or none were requested', async () => {
    expect(await read(reader, 2, true)).toMatchObject({ repliesIncomplete: false });
    expect(await read(reader, 3, false)).toMatchObject({ repliesIncomplete: false });
  });
});
