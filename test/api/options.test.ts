import { describe, expect, test } from 'vitest';
import { PRICE_CARD, type PriceId } from '../../src/billing/price-card.ts';
import { COMMENT_PARSE_MODES, MEDIA_PARSE_MODES } from '../../src/parse/ports.ts';
import { PROVIDER_IDS } from '../../src/providers/provider.ts';
import { useApi } from '../support/api.ts';
import { unpublished } from '../support/published.ts';

/*
 * Every combination of the contract's query tables, for each provider, fresh and then from the cache: answered as published, at
 * exactly the price of the card. The prices expected here are worked out from the answer by the rules of the card, not by src/read.
 */
const start = useApi();

type Body = {
  data: {
    type?: string;
    transcript?: { source: 'provider' | 'hosted' } | null;
    comments?: { replies?: unknown[] }[];
    commentsPage?: { truncated: boolean };
    truncated?: boolean;
  };
  cache: { status: string };
  usage: { settledMicroCredits: number; reservedMicroCredits: number; refundedMicroCredits: number };
  limitations: { code: string }[];
  parse: { status: string; cache: { status: string } } | null;
};

type Asked = {
  readonly comments: 20 | 100 | 500 | null;
  readonly replies: boolean;
  readonly mediaMode: string | null;
  readonly commentMode: string | null;
  readonly withMedia: boolean;
};

/** What an answer must have cost by the card. */
function priceBy(body: Body, asked: Asked, state: 'fresh' | 'cached'): number {
  const of = (id: PriceId) => PRICE_CARD.prices[id][state === 'fresh' ? 'miss' : 'hit'];
  let total = asked.withMedia ? of('media') : 0;
  const delivered = body.data.comments?.length ?? 0;
  if (asked.comments !== null) {
    const share = (price: number) => Math.floor((price * Math.min(delivered, asked.comments ?? 1)) / (asked.comments ?? 1));
    total += share(of(`comments_${asked.comments}`));
    const some = body.data.comments?.some((comment) => (comment.replies?.length ?? 0) > 0) === true;
    if (asked.replies && some) total += share(of(`replies_${asked.comments}`));
  }
  if (body.data.transcript != null) total += of(body.data.transcript.source === 'hosted' ? 'transcript_hosted' : 'transcript_provider');
  if (body.parse?.status === 'ok') {
    if (asked.mediaMode !== null) total += of(`media_parse_${asked.mediaMode}` as PriceId);
    const withComments = asked.commentMode !== null || (asked.mediaMode === 'summary' && delivered > 0);
    if (withComments && asked.comments !== null) total += of(`comment_parse_${asked.comments}`);
  }
  return total;
}

async function readTwice(provider: string, path: string, asked: Asked) {
  const order = {
    PROVIDER_ORDER_MEDIA: provider,
    PROVIDER_ORDER_COMMENTS: provider,
    PROVIDER_ORDER_TRANSCRIPT: provider === 'hikerapi' ? '' : provider,
  };
  const api = start(order);
  const { key } = await api.signUp();
  const endpoint = path.split('?')[0] ?? '';
  let left = 5_000_000;
  for (const state of ['fresh', 'cached'] as const) {
    const answer = await api.request(path, { key });
    expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
    expect(unpublished(endpoint, 200, answer.body)).toEqual([]);
    // safe because the body has just been checked against the published schema
    const body = answer.body as Body;
    expect(body.cache.status).toBe(state === 'fresh' ? 'miss' : 'hit');
    const { settledMicroCredits, reservedMicroCredits, refundedMicroCredits } = body.usage;
    expect(settledMicroCredits, `${state} ${path}`).toBe(priceBy(body, asked, state));
    expect(reservedMicroCredits).toBe(settledMicroCredits + refundedMicroCredits);
    expect(state === 'cached' ? refundedMicroCredits : 0, `${state} ${path}`).toBe(0);
    left -= settledMicroCredits;
    const sent = api.takeSent();
    expect(state === 'fresh' || sent.providers === 0).toBe(true);
  }
  expect(await api.balance(key)).toEqual({ available: left, held: 0 });
}

const query = (parameters: Record<string, string | null>) =>
  Object.entries(parameters)
    .flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]))
    .join('&');

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
            await readTwice(provider, `/v1/post?${query(options)}`, {
              comments,
              replies: false,
              mediaMode: parse,
              commentMode: null,
              withMedia: true,
            });
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
              await readTwice(provider, `/v1/reel?${query(options)}`, {
                comments,
                replies: false,
                mediaMode: parse,
                commentMode: null,
                withMedia: true,
              });
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
              await readTwice(provider, `/v1/comments?${query(options)}`, {
                comments: limit,
                replies,
                mediaMode: null,
                commentMode: parse,
                withMedia: false,
              });
            }
          }
        }
      });
    }
  });
}
