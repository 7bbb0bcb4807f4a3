import { describe, expect, test } from 'vitest';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { APIFY_MIN_TIME_LEFT_MS } from '../../../src/providers/apify/run.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import {
  SCRAPECREATORS_TRANSCRIPT_LIMIT_MS,
  SCRAPECREATORS_TRANSCRIPT_MAX_SECONDS,
  SCRAPECREATORS_TRANSCRIPT_MIN_TIME_MS,
} from '../../../src/providers/scrapecreators/transcript.ts';
import type { Fetch } from '../../../src/net/fetch-json.ts';
import { providerFixture } from '../../fixtures/providers/load.ts';
import { answering, budget, clock, NOW, target, unreachable } from './answers.ts';

const REEL = 'CsFaZNTtgAh';
const APIFY_REEL = 'C8vOfxsVAAW';
const APIFY_ENDPOINT = '/v2/acts/apify~instagram-reel-scraper/run-sync-get-dataset-items';

function byScrapeCreators(fetch: Fetch, durationSeconds: number | null = 61.5, deadlineAt = budget.deadlineAt, code = REEL) {
  const provider = createScrapeCreators({ baseUrl: 'https://sc.example', key: 'test-key', fetch, clock });
  return provider.fetchTranscript(target(code, 'reel'), durationSeconds, { deadlineAt });
}

function byApify(fetch: Fetch, deadlineAt = budget.deadlineAt) {
  const provider = createApify({ baseUrl: 'https://apify.example', key: 'test-token', fetch, clock });
  return provider.fetchTranscript(target(APIFY_REEL, 'post'), 300, { deadlineAt });
}

describe('ScrapeCreators', () => {
  const endpoint = '/v2/instagram/media/transcript';

  test('one GET by the bare URL gives the words, without language or times', async () => {
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

  test('the videos of a carousel are joined in order, silent ones left out', async () => {
    const { fetch } = answering(200, providerFixture('scrapecreators-transcript-slides'));
    expect(await byScrapeCreators(fetch, null, budget.deadlineAt, 'CsFaZNTtgAs')).toMatchObject({
      value: { value: { text: 'First the fog.\n\nThen the field.' } },
    });
  });

  test('where an entry names the post itself, others are not its words', async () => {
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

  test('none is asked for when too little time is left; no route is a server error', async () => {
    const { fetch, sent } = answering(200, { transcripts: null });
    const late = await byScrapeCreators(fetch, 10, NOW + SCRAPECREATORS_TRANSCRIPT_MIN_TIME_MS - 1);
    expect(late).toMatchObject({ ok: false, error: { kind: 'timed_out', receipt: { billedUnits: 0 } } });
    expect(sent).toHaveLength(0);
    expect(await byScrapeCreators(unreachable)).toMatchObject({ ok: false, error: { kind: 'server_error' } });
    expect(SCRAPECREATORS_TRANSCRIPT_LIMIT_MS).toBe(30_000);
  });
});

describe('Apify', () => {
  test('one capped run of the reel actor gives the words, however long the video', async () => {
    const { fetch, sent } = answering(201, providerFixture('apify-reel-transcript'));
    expect(await byApify(fetch, NOW + 17_900)).toEqual({
      ok: true,
      value: {
        value: { kind: 'transcript', text: 'A wall, a brush and a long afternoon.', language: null, segments: null },
        receipt: {
          provider: 'apify',
          endpoint: APIFY_ENDPOINT,
          billedUnit: 'result',
          billedUnits: 1,
          resultCount: 1,
          estimatedCostMicros: 3_300,
          latencyMs: 0,
          httpStatus: 201,
        },
      },
    });
    expect(sent.map(({ url }) => url)).toEqual([`https://apify.example${APIFY_ENDPOINT}?timeout=17&maxTotalChargeUsd=0.5`]);
    const input = {
      username: [`https://www.instagram.com/reel/${APIFY_REEL}/`],
      resultsLimit: 1,
      includeTranscript: true,
    };
    expect(sent[0]?.init.body).toBe(JSON.stringify(input));
  });

  test.each([
    ['absent', {}],
    ['null', { transcript: null }],
    ['empty', { transcript: ' ' }],
  ])('a transcript that is %s is none', async (_name, extra) => {
    expect(await byApify(answering(201, [{ shortCode: APIFY_REEL, ...extra }]).fetch)).toMatchObject({
      ok: true,
      value: { value: { kind: 'none' }, receipt: { billedUnits: 1, resultCount: 0 } },
    });
  });

  test.each([
    ['a missing reel', 201, [{ url: 'x', error: 'not_found' }], 'not_found'],
    ['an empty data set', 201, [], 'unavailable'],
    ['no items after blocked requests', 201, [{ error: 'no_items', requestErrorMessages: ['blocked'] }], 'blocked'],
    ['another reel than asked for', 201, [{ shortCode: 'BBBBBBB', transcript: 'x' }], 'bad_response'],
    ['a run out of time', 408, { error: { type: 'run-timeout-exceeded' } }, 'timed_out'],
    ['no usage left', 402, { error: { type: 'not-enough-usage-to-run-paid-actor' } }, 'out_of_credit'],
  ])('%s', async (_name, status, body, kind) => {
    expect(await byApify(answering(status, body).fetch)).toMatchObject({
      ok: false,
      error: { kind, receipt: { endpoint: APIFY_ENDPOINT } },
    });
  });

  test('no run is started when too little time is left', async () => {
    const { fetch, sent } = answering(201, []);
    expect(await byApify(fetch, NOW + APIFY_MIN_TIME_LEFT_MS - 1)).toMatchObject({ ok: false, error: { kind: 'timed_out' } });
    expect(sent).toHaveLength(0);
  });
});
