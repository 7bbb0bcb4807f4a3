import { describe, expect, test } from 'vitest';
import { createApify } from '../../../../src/providers/apify/apify.ts';
import { APIFY_MIN_TIME_LEFT_MS } from '../../../../src/providers/apify/run.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, NOW, target } from '../answers.ts';

const APIFY_REEL = 'C8vOfxsVAAW';
const APIFY_ENDPOINT = '/v2/acts/apify~instagram-reel-scraper/run-sync-get-dataset-items';

function byApify(fetch: Fetch, deadlineAt = budget.deadlineAt) {
  const provider = createApify({ baseUrl: 'https://apify.example', key: 'test-token', fetch, clock });
  return provider.fetchTranscript(target(APIFY_REEL, 'post'), 300, { deadlineAt });
}

describe('Apify', () => {
  test('reads the transcript with one capped run of the reel actor, whatever the video’s length', async () => {
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

  test('starts no run with too little time left', async () => {
    const { fetch, sent } = answering(201, []);
    expect(await byApify(fetch, NOW + APIFY_MIN_TIME_LEFT_MS - 1)).toMatchObject({ ok: false, error: { kind: 'timed_out' } });
    expect(sent).toHaveLength(0);
  });
});
