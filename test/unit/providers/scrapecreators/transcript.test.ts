import { describe, expect, test } from 'vitest';
import { createScrapeCreators } from '../../../../src/providers/scrapecreators/scrapecreators.ts';
import {
  SCRAPECREATORS_TRANSCRIPT_LIMIT_MS,
  SCRAPECREATORS_TRANSCRIPT_MAX_SECONDS,
  SCRAPECREATORS_TRANSCRIPT_MIN_TIME_MS,
} from '../../../../src/providers/scrapecreators/transcript.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, NOW, target, unreachable } from '../answers.ts';

const REEL = 'CsFaZNTtgAh';

function byScrapeCreators(fetch: Fetch, durationSeconds: number | null = 61.5, deadlineAt = budget.deadlineAt, code = REEL) {
  const provider = createScrapeCreators({ baseUrl: 'https://sc.example', key: 'test-key', fetch, clock });
  return provider.fetchTranscript(target(code, 'reel'), durationSeconds, { deadlineAt });
}

describe('ScrapeCreators', () => {
  const endpoint = '/v2/instagram/media/transcript';

  test('reads the transcript with one GET by the bare URL, without language or times', async () => {
    const { fetch, sent } = answering(200, providerFixture('scrapecreators-transcript'));
    expect(await byScrapeCreators(fetch)).toEqual({
      ok: true,
      value: {
        value: { kind: 'transcript', text: 'Two wheels, one hill.  Slowly now.', language: null, segments: null },
        receipt: {
          provider: 'scrapecreators',
          endpoint,
          billedUnit: 'credit',
          billedUnits: 1,
          resultCount: 1,
          estimatedCostMicros: 1_880,
          latencyMs: 0,
          httpStatus: 200,
        },
      },
    });
    const url = `https://sc.example${endpoint}?url=${encodeURIComponent(`https://www.instagram.com/reel/${REEL}/`)}`;
    expect(sent.map((request) => request.url)).toEqual([url]);
    expect(sent[0]?.init).toMatchObject({ method: 'GET', headers: { 'x-api-key': 'test-key' } });
  });

  test('joins the videos of a carousel in order, without silent ones', async () => {
    const { fetch } = answering(200, providerFixture('scrapecreators-transcript-slides'));
    expect(await byScrapeCreators(fetch, null, budget.deadlineAt, 'CsFaZNTtgAs')).toMatchObject({
      value: { value: { text: 'First the fog.\n\nThen the field.' } },
    });
  });

  test('uses only the entry that names the post itself, if any', async () => {
    const transcripts = [
      { shortcode: 'BBBBBBB', text: 'Somebody else.' },
      { shortcode: REEL, text: 'Ours.' },
    ];
    expect(await byScrapeCreators(answering(200, { transcripts }).fetch)).toMatchObject({ value: { value: { text: 'Ours.' } } });
  });

  test.each([
    ['null instead of a list: nobody speaks', 200, { success: true, transcripts: null }, 'no_speech'],
    ['an entry without text: nobody speaks', 200, { transcripts: [{ shortcode: REEL, text: null }] }, 'no_speech'],
    ['an entry of blanks: nobody speaks', 200, { transcripts: [{ shortcode: REEL, text: ' \n' }] }, 'no_speech'],
    ['an empty list says nothing', 200, { transcripts: [] }, 'none'],
    ['a post without a video', 404, { success: false, message: 'This post does not have a video' }, 'none'],
  ])('%s', async (_name, status, body, kind) => {
    expect(await byScrapeCreators(answering(status, body).fetch)).toMatchObject({
      ok: true,
      value: { value: { kind }, receipt: { resultCount: 0, httpStatus: status } },
    });
  });

  test.each([
    [SCRAPECREATORS_TRANSCRIPT_MAX_SECONDS, 0],
    [SCRAPECREATORS_TRANSCRIPT_MAX_SECONDS - 0.1, 1],
    [null, 1],
  ])('a video of %s s takes %i calls', async (durationSeconds, calls) => {
    const { fetch, sent } = answering(200, { transcripts: null });
    const fetched = await byScrapeCreators(fetch, durationSeconds);
    expect(sent).toHaveLength(calls);
    const expected =
      calls === 0 ? { value: { kind: 'too_long' }, receipt: { billedUnits: 0, estimatedCostMicros: 0, httpStatus: null } } : {};
    expect(fetched).toMatchObject({ ok: true, value: expected });
  });

  test.each([
    ['a missing post', 404, { success: false, error: 'not_found' }, 'not_found'],
    ['a proxy’s own 404', 404, '<html>', 'bad_response'],
    ['a failure inside a success', 200, { success: false, errorStatus: 500 }, 'server_error'],
    ['no credits', 402, {}, 'out_of_credit'],
    ['too many requests', 429, {}, 'rate_limited'],
    ['a wrong key', 401, {}, 'misconfigured'],
    ['a gateway out of time', 504, '', 'timed_out'],
    ['a success without the list', 200, { success: true }, 'bad_response'],
    ['entries that are none', 200, { transcripts: ['words'] }, 'bad_response'],
  ])('%s', async (_name, status, body, kind) => {
    expect(await byScrapeCreators(answering(status, body).fetch)).toMatchObject({ ok: false, error: { kind, receipt: { endpoint } } });
  });

  test('requests none with too little time left; an unreachable vendor is a server error', async () => {
    const { fetch, sent } = answering(200, { transcripts: null });
    const late = await byScrapeCreators(fetch, 10, NOW + SCRAPECREATORS_TRANSCRIPT_MIN_TIME_MS - 1);
    expect(late).toMatchObject({ ok: false, error: { kind: 'timed_out', receipt: { billedUnits: 0 } } });
    expect(sent).toHaveLength(0);
    expect(await byScrapeCreators(unreachable)).toMatchObject({ ok: false, error: { kind: 'server_error' } });
    expect(SCRAPECREATORS_TRANSCRIPT_LIMIT_MS).toBe(30_000);
  });
});
