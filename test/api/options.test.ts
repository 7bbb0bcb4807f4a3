import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { COMMENT_PARSE_MODES, MEDIA_PARSE_MODES } from '../../src/parse/ports.ts';
import { PROVIDER_IDS } from '../../src/providers/provider.ts';
import { useApi } from '../support/api.ts';
import { Calls, Card, minimumByCard, PricedAnswer, pricesByCard } from '../support/price-by-card.ts';
import { unpublished } from '../support/published.ts';

/*
 * Every combination of the contract's query tables, for each provider, fresh and then from the cache: answered as published, at
 * exactly the price of the card, and never below the list price of the upstream calls. The prices expected here are worked out from the
 * answer and its receipt by the rules of the card, not by src/read.
 */
const start = useApi();

const Receipt = z.object({ providerUnits: Calls });

async function readTwice(provider: string, endpoint: string, options: Readonly<Record<string, string | null>>) {
  const asked = Object.fromEntries(Object.entries(options).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
  const path = `${endpoint}?${new URLSearchParams(asked).toString()}`;
  const order = {
    PROVIDER_ORDER_MEDIA: provider,
    PROVIDER_ORDER_COMMENTS: provider,
    PROVIDER_ORDER_TRANSCRIPT: provider === 'hikerapi' ? '' : provider,
  };
  const api = start(order);
  const { key } = await api.signUp();
  const card = Card.parse((await api.request('/v1/pricing')).body);
  let left = 5_000_000;
  for (const state of ['fresh', 'cached'] as const) {
    const answer = await api.request(path, { key });
    expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
    expect(unpublished(endpoint, 200, answer.body)).toEqual([]);
    const body = PricedAnswer.parse(answer.body);
    expect(body.cache.status).toBe(state === 'fresh' ? 'miss' : 'hit');
    const sent = api.takeSent();
    expect(state === 'fresh' || sent.providers === 0).toBe(true);
    const { settledMicroCredits, reservedMicroCredits, refundedMicroCredits, receiptId, lines } = body.usage;
    const receipt = receiptId === null ? null : (await api.request(`/v1/usage/${receiptId}`, { key })).body;
    const calls = receipt === null ? [] : Receipt.parse(receipt).providerUnits;
    const settled = new Map(lines.map((line) => [line.item, line.settledMicroCredits]));
    expect(settled, `${state} ${path}`).toEqual(pricesByCard(card, { endpoint, query: asked }, body, calls));
    expect(settledMicroCredits).toBe([...settled.values()].reduce((sum, one) => sum + one, 0));
    expect(settledMicroCredits, `${state} ${path}`).toBeGreaterThanOrEqual(minimumByCard(card, calls));
    expect(reservedMicroCredits).toBe(settledMicroCredits + refundedMicroCredits);
    expect(state === 'cached' ? refundedMicroCredits : 0, `${state} ${path}`).toBe(0);
    left -= settledMicroCredits;
    api.takeSent();
  }
  expect(await api.balance(key)).toEqual({ available: left, held: 0 });
}

for (const provider of PROVIDER_IDS) {
  describe(`with ${provider}`, () => {
    for (const shortcode of ['DemoImage01', 'DemoVideo01', 'DemoAlbum01', 'DemoReel_01']) {
      test(`/v1/post answers every combination of its options for ${shortcode}`, async () => {
        for (const comments of [null, 20, 100] as const) {
          for (const parse of [null, ...MEDIA_PARSE_MODES]) {
            const options = {
              url: shortcode,
              comments: comments === null ? null : 'latest',
              commentLimit: comments === null ? null : `${comments}`,
              parse,
            };
            await readTwice(provider, '/v1/post', options);
          }
        }
      });
    }

    for (const shortcode of ['DemoSpeech1', 'DemoHosted1', 'DemoSilent1', 'DemoLong150', 'DemoLong240']) {
      test(`/v1/reel answers every combination of its options for ${shortcode}`, async () => {
        for (const transcript of [null, 'false', 'provider', 'true']) {
          for (const comments of [null, 20] as const) {
            for (const parse of [null, ...MEDIA_PARSE_MODES]) {
              const options = { url: shortcode, transcript, comments: comments === null ? 'none' : 'latest', parse };
              await readTwice(provider, '/v1/reel', options);
            }
          }
        }
      });
    }

    for (const shortcode of ['DemoReel_01', 'DemoThread1', 'DemoClosed1', 'DemoNoText1']) {
      test(`/v1/comments answers every combination of its options for ${shortcode}`, async () => {
        for (const limit of [20, 100, 500] as const) {
          for (const replies of shortcode === 'DemoThread1' && limit !== 20 ? [false] : [false, true]) {
            for (const parse of [null, ...COMMENT_PARSE_MODES]) {
              const options = { url: shortcode, limit: `${limit}`, includeReplies: `${replies}`, parse };
              await readTwice(provider, '/v1/comments', options);
            }
          }
        }
      });
    }
  });
}
