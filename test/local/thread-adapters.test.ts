import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SAMPLE_POSTS } from '../../local/samples/posts.ts';
import { type Fakes, startFakes } from '../../local/fakes/fakes.ts';
import { createApify } from '../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../src/providers/hikerapi/hikerapi.ts';
import type { CommentsPosition, CommentsProvider, CommentsOrder, TranscriptProvider } from '../../src/providers/provider.ts';
import { createScrapeCreators } from '../../src/providers/scrapecreators/scrapecreators.ts';

let fakes: Fakes;
beforeAll(async () => {
  const started = await startFakes({});
  if (!started.ok) throw new Error(started.error);
  fakes = started.value;
});
afterAll(() => fakes.stop());

const access = (baseUrl: string) => ({ baseUrl, key: 'k', fetch: globalThis.fetch, clock: Date.now });
const hikerapi = (): CommentsProvider => createHikerApi({ ...access(fakes.baseUrls.hikerapi), mediaVersion: 'v1' });
const scrapecreators = () => createScrapeCreators(access(fakes.baseUrls.scrapecreators));
const apify = () => createApify(access(fakes.baseUrls.apify));
const target = (shortcode: string) => ({ kind: 'media', shortcode, hint: 'unknown' }) as const;

async function batch(provider: CommentsProvider, shortcode: string, order: Partial<CommentsOrder> = {}) {
  const maxCostMicros = { comments: 10_000_000, replies: 10_000_000 };
  const asked = { limit: 100, includeReplies: false, position: null, maxCostMicros, ...order } as const;
  const read = await provider.fetchComments(
    { target: target(shortcode), order: asked, postOwner: 'sample.lantern.works' },
    { deadlineAt: Date.now() + 20_000 },
  );
  if (!read.ok) throw new Error(`${provider.id}: ${read.error.kind}`);
  return read.value.value;
}

async function transcriptAt(provider: TranscriptProvider, shortcode: string): Promise<string> {
  const read = await provider.fetchTranscript(target(shortcode), null, { deadlineAt: Date.now() + 20_000 });
  return read.ok ? read.value.value.kind : read.error.kind;
}

describe('threads of the fakes, read by the adapters', () => {
  test.each(SAMPLE_POSTS.filter((post) => post.comments <= 100 && !post.commentsDisabled).map((post) => [post.shortcode, post]))(
    '%s means the same at every provider',
    async (shortcode, post) => {
      const batches = await Promise.all(
        [hikerapi(), scrapecreators(), apify()].map((one) => batch(one, shortcode, { includeReplies: true })),
      );
      const said = batches.map(({ comments }) =>
        comments.map(({ id, text, owner, flags, replies = [] }) => [
          id,
          text,
          owner.username,
          flags.isByPostOwner,
          replies.map((reply) => [reply.id, reply.text]),
        ]),
      );
      for (const one of said) expect(one).toEqual(said[0]);
      const { comments } = batches[0] ?? { comments: [] };
      expect(comments.reduce((sum, comment) => sum + 1 + (comment.replies ?? []).length, 0)).toBe(post.comments);
    },
  );

  test.each([['hikerapi'], ['scrapecreators']] as const)(
    '%s gives the long thread without gap or duplicate, batch after batch',
    async (id) => {
      const provider = id === 'hikerapi' ? hikerapi() : scrapecreators();
      const ids: string[] = [];
      let position: CommentsPosition | null = null;
      for (let batches = 0; batches < 8; batches += 1) {
        const read: Awaited<ReturnType<typeof batch>> = await batch(provider, 'DemoThread1', { position });
        ids.push(...read.comments.map((comment) => comment.id));
        position = read.next;
        if (position === null) break;
      }
      expect(position).toBeNull();
      expect(ids).toHaveLength(620);
      const atOnce = await batch(apify(), 'DemoThread1', { limit: 500 });
      expect(ids.slice(0, 500)).toEqual(atOnce.comments.map((comment) => comment.id));
      expect(new Set(ids).size).toBe(620);
    },
  );

  test('a page that fails leaves what has arrived', async () => {
    for (const provider of [hikerapi(), scrapecreators()]) {
      const read = await batch(provider, 'FaultPage2_');
      expect(read).toMatchObject({ shortfall: 'provider_failed', comments: { length: 15 } });
    }
  });

  test('comments that are closed or absent are an empty batch', async () => {
    for (const provider of [hikerapi(), scrapecreators(), apify()]) {
      expect((await batch(provider, 'DemoVideo01')).comments).toEqual([]);
    }
    expect(await batch(hikerapi(), 'DemoClosed1')).toMatchObject({ comments: [], shortfall: 'disabled' });
    expect((await batch(scrapecreators(), 'DemoClosed1')).comments).toEqual([]);
    expect((await batch(apify(), 'DemoClosed1')).comments).toEqual([]);
  });

  test.each([
    ['DemoSpeech1', 'transcript', 'transcript'],
    ['DemoSilent1', 'no_speech', 'none'],
    ['DemoHosted1', 'none', 'none'],
    ['AchroSilent', 'none', 'none'],
    ['FaultMute__', 'none', 'none'],
    ['FaultTrans_', 'server_error', 'server_error'],
  ])('the transcript of %s is %s at ScrapeCreators and %s at Apify', async (shortcode, scraped, item) => {
    expect([await transcriptAt(scrapecreators(), shortcode), await transcriptAt(apify(), shortcode)]).toEqual([scraped, item]);
  });
});
