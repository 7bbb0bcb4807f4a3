import { type MicroCredits, microCredits } from '../core/money.ts';

/** The parts of a request; every price is charged under one of these lines. */
export type LineItem = 'media' | 'comments' | 'replies' | 'transcript' | 'media_parse' | 'comment_parse';

/** One row of the price card, with the field names of GET /v1/pricing. */
export type PricedItem = {
  readonly id: string;
  /** The line it is charged under. */
  readonly item: LineItem;
  readonly title: string;
  /** What the price is for. */
  readonly unit: string;
  /** How many comments or replies it covers; absent where it is not a price of several. */
  readonly upTo?: number;
  readonly freshMicroCredits: MicroCredits;
  readonly cachedMicroCredits: MicroCredits;
  /** Null where a cache entry can't go stale. */
  readonly staleMicroCredits: MicroCredits | null;
};

/** The least that a fresh part costs for each call that the provider billed: its list price. */
export type ProviderMinimum = {
  readonly provider: string;
  /** What the provider bills. */
  readonly unit: string;
  readonly callMicroCredits: MicroCredits;
  readonly unitMicroCredits: MicroCredits;
};

/** An outcome that is never charged. */
export type FreeOutcome = { readonly id: string; readonly title: string };

/** The prices of one part of a read by the origin of its content: fetched, a cache entry, or an expired one. */
export type Price = Readonly<Record<'miss' | 'hit' | 'stale', MicroCredits>>;

// Prices are written out, never computed while a request is priced: the published card and the code show the same numbers.
function prices(fresh: number, cached: number, stale: number | null) {
  return {
    freshMicroCredits: microCredits(fresh),
    cachedMicroCredits: microCredits(cached),
    staleMicroCredits: stale === null ? null : microCredits(stale),
  } as const;
}

const perPost = 'one post or reel';
const perComment = 'the batch when full; fewer comments pay their share of it';
const perReply = 'each reply its share of this; all replies of a read together at most this';
const perParse = 'one output';
const perSample = 'one output, by the comments and replies that went into it';

const ITEMS = [
  { id: 'media', item: 'media', title: 'Post or reel', unit: perPost, ...prices(3_000, 1_000, 500) },
  { id: 'comments_20', item: 'comments', title: 'Up to 20 comments', unit: perComment, upTo: 20, ...prices(4_000, 1_000, 500) },
  { id: 'comments_100', item: 'comments', title: 'Up to 100 comments', unit: perComment, upTo: 100, ...prices(15_000, 3_750, 1_875) },
  { id: 'comments_500', item: 'comments', title: 'Up to 500 comments', unit: perComment, upTo: 500, ...prices(70_000, 17_500, 8_750) },
  {
    id: 'replies_20',
    item: 'replies',
    title: '20 replies or more, with up to 20 comments',
    unit: perReply,
    upTo: 20,
    ...prices(4_000, 1_000, 500),
  },
  {
    id: 'replies_100',
    item: 'replies',
    title: '100 replies or more, with up to 100 comments',
    unit: perReply,
    upTo: 100,
    ...prices(15_000, 3_750, 1_875),
  },
  {
    id: 'replies_500',
    item: 'replies',
    title: '500 replies or more, with up to 500 comments',
    unit: perReply,
    upTo: 500,
    ...prices(70_000, 17_500, 8_750),
  },
  // The words of a video do not change, and an interpretation is cached under the hash of its input: neither is ever stale.
  {
    id: 'transcript_provider',
    item: 'transcript',
    title: 'Transcript from the data provider',
    unit: perPost,
    ...prices(4_000, 1_000, null),
  },
  {
    id: 'transcript_hosted',
    item: 'transcript',
    title: 'Transcript made by hosted transcription',
    unit: perPost,
    ...prices(15_000, 1_000, null),
  },
  { id: 'media_parse_summary', item: 'media_parse', title: 'Summary of a post', unit: perParse, ...prices(3_000, 750, null) },
  { id: 'media_parse_tldr', item: 'media_parse', title: 'One-sentence summary of a post', unit: perParse, ...prices(2_000, 500, null) },
  { id: 'media_parse_json', item: 'media_parse', title: 'Structured reading of a post', unit: perParse, ...prices(4_000, 1_000, null) },
  // By the comments and replies in the sample that was interpreted, from the smallest step up. A sample has at most 200.
  {
    id: 'comment_parse_20',
    item: 'comment_parse',
    title: 'Reading of up to 20 comments and replies',
    unit: perSample,
    upTo: 20,
    ...prices(4_000, 1_000, null),
  },
  {
    id: 'comment_parse_100',
    item: 'comment_parse',
    title: 'Reading of up to 100 comments and replies',
    unit: perSample,
    upTo: 100,
    ...prices(8_000, 2_000, null),
  },
  {
    id: 'comment_parse_200',
    item: 'comment_parse',
    title: 'Reading of up to 200 comments and replies',
    unit: perSample,
    upTo: 200,
    ...prices(11_000, 2_750, null),
  },
] as const satisfies readonly PricedItem[];

const MINIMUMS: readonly ProviderMinimum[] = [
  { provider: 'scrapecreators', unit: 'credit', callMicroCredits: microCredits(0), unitMicroCredits: microCredits(1_880) },
  { provider: 'hikerapi', unit: 'request', callMicroCredits: microCredits(0), unitMicroCredits: microCredits(1_000) },
  { provider: 'apify', unit: 'result', callMicroCredits: microCredits(1_000), unitMicroCredits: microCredits(2_300) },
];

export type PriceId = (typeof ITEMS)[number]['id'];

/** One version of the prices. A published card never changes; a new price needs a new version. */
export type PriceCard = {
  readonly version: string;
  /** ISO 8601. */
  readonly effectiveFrom: string;
  readonly microCreditsPerUsd: number;
  readonly items: readonly (PricedItem & { readonly id: PriceId })[];
  /** A fresh part costs at least this, and never more than was reserved for it. */
  readonly minimums: readonly ProviderMinimum[];
  /** What `items` says, for pricing a read. */
  readonly prices: Readonly<Record<PriceId, Price>>;
  readonly free: readonly FreeOutcome[];
};

/** The current card, in the shape of GET /v1/pricing. */
export const PRICE_CARD: PriceCard = {
  version: '2026-11-28',
  effectiveFrom: '2026-11-28T00:00:00.000Z',
  microCreditsPerUsd: 1_000_000,
  items: ITEMS,
  minimums: MINIMUMS,
  prices: pricesOf(ITEMS),
  free: [
    { id: 'failure', title: 'A read or a part of it that failed' },
    { id: 'not_found', title: 'A post that does not exist or is private' },
    { id: 'quote', title: 'Asking what a read would cost' },
    { id: 'replay', title: 'The same request again under the same Idempotency-Key' },
    { id: 'not_modified', title: 'An answer from the cache that the caller has already (304)' },
  ],
};

function pricesOf(items: typeof ITEMS): PriceCard['prices'] {
  const entries = items.map(({ id, freshMicroCredits: miss, cachedMicroCredits: hit, staleMicroCredits }) => {
    return [id, { miss, hit, stale: staleMicroCredits ?? hit }] as const;
  });
  // safe because there is an entry for the id of every item
  return Object.fromEntries(entries) as PriceCard['prices'];
}
