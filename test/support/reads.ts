import { PRICE_CARD } from '../../src/billing/price-card.ts';
import type { Clock } from '../../src/core/clock.ts';
import { ok } from '../../src/core/result.ts';
import { exampleMedia } from '../../src/instagram/media-example.ts';
import { createCommentsFailover, createFailover, createTranscriptFailover } from '../../src/providers/failover.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { createContentCache } from '../../src/read/cache/content-cache.ts';
import { createCursorSeal } from '../../src/read/model/comments-cursor.ts';
import type { ReadDeps } from '../../src/read/model/deps.ts';
import type { Payer } from '../../src/read/pricing/payer.ts';

const receipt = {
  provider: 'scrapecreators',
  endpoint: '/test',
  billedUnit: 'credit',
  billedUnits: 1,
  resultCount: 1,
  estimatedCostMicros: 0,
  latencyMs: 1,
  httpStatus: 200,
} as const;

const unused = (): never => {
  throw new Error('nothing asks for this');
};

/** What a reader needs in a test without a network: one provider that delivers the example post, an empty cache, and nothing else. */
export function readDeps(clock: Clock): ReadDeps {
  const provider: Provider = { id: 'scrapecreators', fetchMedia: async () => ok({ value: exampleMedia, receipt }) };
  const values = new Map<string, string>();
  const store = {
    get: async (key: string) => values.get(key) ?? null,
    put: async (key: string, text: string) => void values.set(key, text),
  };
  return {
    clock,
    cache: createContentCache(store, null, clock),
    seal: createCursorSeal('a secret of this test'),
    media: createFailover([provider], clock),
    comments: createCommentsFailover([], clock),
    transcripts: createTranscriptFailover([], clock),
    transcriber: { configured: false, model: 'none', transcribe: unused },
    parser: { configured: false, model: 'none', promptVersion: () => 'none', parse: unused },
    shareLinks: { resolve: unused },
    priceCard: PRICE_CARD,
    deadlineMs: 20_000,
    contentTtlSeconds: 3_600,
    absentTtlSeconds: 60,
    background: () => undefined,
  };
}

/** An order of the example post by a caller that asks for nothing special. */
export function orderOf<Request>(request: Request, payer: Payer) {
  return {
    endpoint: '/v1/post',
    input: 'DemoImage01',
    request,
    freshness: { maxAgeSeconds: null, maxStaleSeconds: 0 },
    payer,
    ceiling: null,
    onlyIfCached: false,
    isKnown: () => false,
    misses: null,
    recorder: null,
  } as const;
}
