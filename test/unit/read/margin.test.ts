import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRICE_CARD } from '../../../src/billing/price-card.ts';
import type { PricedLine, SettledLine } from '../../../src/billing/ledger/ledger.ts';
import { err, ok } from '../../../src/core/result.ts';
import { exampleMedia } from '../../../src/instagram/media-example.ts';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createCommentsFailover, createFailover, createTranscriptFailover } from '../../../src/providers/failover.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import { estimateCostMicros, LIST_PRICES } from '../../../src/providers/list-prices.ts';
import {
  type CommentsProvider,
  type Provider,
  PROVIDER_IDS,
  type ProviderId,
  type TranscriptOutcome,
  type TranscriptProvider,
  type UpstreamReceipt,
} from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import type { ReadDeps } from '../../../src/read/model/deps.ts';
import type { ReadTrace } from '../../../src/read/model/trace.ts';
import { PARTS, type ReadRequest } from '../../../src/read/parts/parts.ts';
import { operatorPayer } from '../../../src/read/pricing/payer.ts';
import { createReader } from '../../../src/read/reader.ts';
import { manualClock } from '../../support/database.ts';
import { orderOf, readDeps } from '../../support/reads.ts';
import { type Fate, threadVendor, type ThreadShape } from '../../support/thread-vendor.ts';

const LIMITS = [20, 100, 500] as const;

type Books = {
  readonly held: readonly PricedLine[];
  readonly settled: readonly SettledLine[] | null;
  readonly calls: readonly UpstreamReceipt[];
  readonly limitations: readonly string[];
};

/** Reads, and returns what was held and settled, and every upstream call. */
async function read(deps: ReadDeps, request: ReadRequest): Promise<Books> {
  let held: readonly PricedLine[] = [];
  let settled: readonly SettledLine[] | null = null;
  const nobody = operatorPayer();
  const payer: typeof nobody = {
    ...nobody,
    reserve: (lines, target) => {
      held = lines;
      return nobody.reserve(lines, target);
    },
    settle: (lines, receipt, ending) => {
      settled = lines;
      return nobody.settle(lines, receipt, ending);
    },
  };
  const trace: ReadTrace = {};
  const result = await createReader(deps, PARTS).read(orderOf(request, payer), trace);
  const limitations = result.ok ? result.value.limitations.map(({ code, reason }) => `${code}/${reason}`) : [];
  return { held, settled, calls: trace.attempts ?? [], limitations };
}

const costOf = (calls: readonly UpstreamReceipt[]) => calls.reduce((sum, call) => sum + call.estimatedCostMicros, 0);
const heldIn = ({ held }: Books) => held.reduce((sum, { amount }) => sum + amount, 0);
const settledIn = ({ settled }: Books) => settled?.reduce((sum, line) => sum + line.settled, 0) ?? 0;
const lineOf = ({ settled }: Books, item: string) => settled?.find((line) => line.item === item)?.settled ?? null;

/** The rule: no more is spent than was held, no line costs more than was held for it, and what was delivered pays for its calls. */
function expectNoLoss(books: Books): void {
  expect(costOf(books.calls), 'spent more than was held').toBeLessThanOrEqual(heldIn(books));
  if (books.settled === null) return;
  for (const { item, amount } of books.held) expect(lineOf(books, item), item).toBeLessThanOrEqual(amount);
  expect(settledIn(books), 'sold below the list price').toBeGreaterThanOrEqual(costOf(books.calls));
}

function commentsFrom(order: readonly ProviderId[], shape: ThreadShape, fates: readonly Fate[] = []): ReadDeps {
  const clock = manualClock();
  const { fetch } = threadVendor(shape, (call) => fates[call] ?? 'answers');
  const access = { baseUrl: 'https://vendor.example', key: 'key', fetch, clock };
  const adapters: Readonly<Record<ProviderId, CommentsProvider>> = {
    hikerapi: createHikerApi({ ...access, mediaVersion: 'v1' }),
    scrapecreators: createScrapeCreators(access),
    apify: createApify(access),
  };
  return {
    ...readDeps(clock),
    comments: createCommentsFailover(
      order.map((id) => adapters[id]),
      clock,
    ),
  };
}

function commentsRequest(limit: (typeof LIMITS)[number], includeReplies: boolean): ReadRequest {
  return { main: 'comments', parts: { comments: { limit, includeReplies, cursor: null } } };
}

const anyOrder = fc.shuffledSubarray([...PROVIDER_IDS], { minLength: 1 });
const anyShape: fc.Arbitrary<ThreadShape> = fc.record({
  replies: fc.oneof(
    fc.array(fc.constantFrom(0, 0, 0, 1, 2, 40), { maxLength: 60 }),
    fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 4 }),
    fc.integer({ min: 0, max: 700 }).map((length) => Array.from({ length }, (_, index) => (index % 9 === 0 ? 3 : 0))),
  ),
  commentsPerPage: fc.constantFrom(1, 5, 15, 15, 50),
  repliesPerPage: fc.constantFrom(1, 5, 15, 15, 50),
  previewed: fc.constantFrom(0, 1, 3),
});
const anyFates: fc.Arbitrary<readonly Fate[]> = fc.array(
  fc.constantFrom<Fate>('answers', 'answers', 'answers', 'answers', 'fails', 'garbage', 'unreachable'),
  { maxLength: 8 },
);

describe('comments and replies', () => {
  test('cost at least what their upstream calls cost, for any thread, order of providers, limit and failures', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyOrder,
        anyShape,
        anyFates,
        fc.constantFrom(...LIMITS),
        fc.boolean(),
        async (order, shape, fates, limit, replies) => {
          expectNoLoss(await read(commentsFrom(order, shape, fates), commentsRequest(limit, replies)));
        },
      ),
      { numRuns: 600 },
    );
  });

  const long: ThreadShape = { replies: [585], commentsPerPage: 15, repliesPerPage: 15, previewed: 0 };

  test('585 replies to one comment cost their share of the batch, at most all of it', async () => {
    const books = await read(commentsFrom(['hikerapi'], long), commentsRequest(500, true));
    expect(books.calls).toHaveLength(40);
    expect(books.settled).toEqual([
      { item: 'comments', settled: 1_000, reason: 'end_of_thread' },
      { item: 'replies', settled: 70_000 },
    ]);
  });

  test.each([
    ['hikerapi', 20, 5, 4_000],
    ['scrapecreators', 20, 3, 3_760 + 240],
    ['scrapecreators', 100, 8, 15_000],
  ] as const)('%s is asked for replies to %i comments only as long as their price pays', async (provider, limit, calls, settled) => {
    const books = await read(commentsFrom([provider], long), commentsRequest(limit, true));
    expect(books.calls).toHaveLength(calls);
    expect(lineOf(books, 'replies')).toBe(settled);
    expect(books.limitations).toContain('replies_incomplete/price_limit');
  });

  test('pages with a comment each end the batch where its price does, and the cursor goes on there', async () => {
    const thin: ThreadShape = { replies: Array.from({ length: 60 }, () => 0), commentsPerPage: 1, repliesPerPage: 15, previewed: 0 };
    const books = await read(commentsFrom(['scrapecreators'], thin), commentsRequest(100, false));
    expect(books.calls).toHaveLength(7);
    expect(lineOf(books, 'comments')).toBe(7 * 1_880);
    expect(books.limitations).toContain('comments_incomplete/price_limit');
  });

  test('a run of Apify gives as many comments as the price pays for, and no replies, whose number nothing limits', async () => {
    const many: ThreadShape = { replies: Array.from({ length: 60 }, () => 9), commentsPerPage: 15, repliesPerPage: 15, previewed: 0 };
    const books = await read(commentsFrom(['apify'], many), commentsRequest(100, true));
    expect(lineOf(books, 'comments')).toBe(1_000 + 6 * 2_300);
    expect(lineOf(books, 'replies')).toBe(0);
    expect(books.limitations).toEqual(expect.arrayContaining(['comments_incomplete/price_limit', 'replies_incomplete/price_limit']));
  });

  test('an empty thread costs the page that was read to find out, once', async () => {
    const empty: ThreadShape = { replies: [], commentsPerPage: 15, repliesPerPage: 15, previewed: 0 };
    const deps = commentsFrom(['scrapecreators'], empty);
    expect(settledIn(await read(deps, commentsRequest(20, true)))).toBe(1_880);
    // From the cache it is free: there is no line, so nothing is held or settled.
    expect(await read(deps, commentsRequest(20, true))).toMatchObject({ held: [], settled: null, calls: [] });
  });
});

type Said = 'delivers' | 'fails_billed' | 'fails_free';

function receiptOf(provider: ProviderId, said: Said): UpstreamReceipt {
  const billedUnits = said === 'fails_free' ? 0 : 1;
  const estimatedCostMicros = estimateCostMicros(provider, { billedUnits, started: billedUnits > 0 });
  const { billedUnit } = LIST_PRICES[provider];
  return { provider, endpoint: '/x', billedUnit, billedUnits, resultCount: 0, estimatedCostMicros, latencyMs: 1, httpStatus: 200 };
}

const anySays = fc.record({
  scrapecreators: fc.constantFrom<Said>('delivers', 'fails_billed', 'fails_free'),
  hikerapi: fc.constantFrom<Said>('delivers', 'fails_billed', 'fails_free'),
  apify: fc.constantFrom<Said>('delivers', 'fails_billed', 'fails_free'),
});

describe('posts and transcripts', () => {
  function sources(order: readonly ProviderId[], says: Readonly<Record<ProviderId, Said>>, transcript: TranscriptOutcome): ReadDeps {
    const clock = manualClock();
    const media = order.map((id): Provider => {
      const receipt = receiptOf(id, says[id]);
      const said = says[id] === 'delivers' ? ok({ value: { ...exampleMedia, type: 'reel' as const }, receipt }) : null;
      return { id, fetchMedia: async () => said ?? err({ kind: 'server_error', receipt }) };
    });
    const transcripts = order.map((id): TranscriptProvider => {
      const receipt = receiptOf(id, says[id]);
      const said = says[id] === 'delivers' ? ok({ value: transcript, receipt }) : null;
      return { id, fetchTranscript: async () => said ?? err({ kind: 'server_error', receipt }) };
    });
    return { ...readDeps(clock), media: createFailover(media, clock), transcripts: createTranscriptFailover(transcripts, clock) };
  }

  test('cost at least what their upstream calls cost, for any order of providers and failures', async () => {
    await fc.assert(
      fc.asyncProperty(anyOrder, anySays, async (order, says) => {
        const request: ReadRequest = { main: 'media', parts: { media: { reelOnly: false } } };
        expectNoLoss(await read(sources(order, says, { kind: 'none' }), request));
      }),
    );
  });

  test('a transcript that a provider says it has not costs the look-up; one that nobody could look for is free', async () => {
    const outcomes: readonly TranscriptOutcome[] = [
      { kind: 'transcript', text: 'Low water at dawn.', language: null, segments: null },
      { kind: 'no_speech' },
      { kind: 'none' },
    ];
    await fc.assert(
      fc.asyncProperty(anyOrder, anySays, fc.constantFrom(...outcomes), async (order, says, outcome) => {
        const media = createFailover(
          [
            {
              id: 'hikerapi',
              fetchMedia: async () => ok({ value: { ...exampleMedia, type: 'reel' as const }, receipt: receiptOf('hikerapi', 'delivers') }),
            },
          ],
          manualClock(),
        );
        const request: ReadRequest = { main: 'media', parts: { media: { reelOnly: true }, transcript: { source: 'provider' } } };
        const books = await read({ ...sources(order, says, outcome), media }, request);
        const spent = costOf(books.calls.filter(({ item }) => item === 'transcript'));
        expect(spent).toBeLessThanOrEqual(PRICE_CARD.prices.transcript_provider.miss);
        const line = books.settled?.find(({ item }) => item === 'transcript');
        const hasFailed = line?.reason === 'provider_failed';
        expect(line?.settled).toBeGreaterThanOrEqual(hasFailed ? 0 : spent);
        expect(hasFailed ? line.settled : 0).toBe(0);
      }),
    );
  });

  test('a provider that costs more than a post is asked where it is the only one, at its own price', async () => {
    const says = { scrapecreators: 'fails_billed', hikerapi: 'fails_free', apify: 'delivers' } as const;
    const request: ReadRequest = { main: 'media', parts: { media: { reelOnly: false } } };
    const alone = await read(sources(['apify'], says, { kind: 'none' }), request);
    expect(alone.settled).toEqual([{ item: 'media', settled: 3_300 }]);
    const last = await read(sources(['scrapecreators', 'hikerapi', 'apify'], says, { kind: 'none' }), request);
    expect(last.settled).toBeNull();
    expect(last.calls.map(({ provider }) => provider)).toEqual(['scrapecreators', 'hikerapi']);
  });
});

test('the card publishes the list price of every provider as its minimum', () => {
  const published = PRICE_CARD.minimums.map(({ provider, unit, callMicroCredits, unitMicroCredits }) => {
    return [provider, { billedUnit: unit, callMicros: callMicroCredits, unitMicros: unitMicroCredits }];
  });
  expect(Object.fromEntries(published)).toEqual(LIST_PRICES);
});
