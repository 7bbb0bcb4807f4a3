import { type MicroCredits, microCredits } from '../core/money.ts';

/** The parts of a request as its lines name them; every price is charged under one of these. */
export type LineItem = 'media' | 'comments' | 'replies' | 'transcript' | 'media_parse' | 'comment_parse';

/** One row of the card. Amounts are micro-credits; the names are those of GET /v1/pricing. */
export type PricedItem = {
  readonly id: string;
  /** The line it is charged under. */
  readonly item: LineItem;
  readonly title: string;
  /** What one price buys. */
  readonly unit: string;
  readonly freshMicroCredits: MicroCredits;
  readonly cachedMicroCredits: MicroCredits;
  /** Null where a copy can't go stale. */
  readonly staleMicroCredits: MicroCredits | null;
};

/** What never costs anything. */
export type FreeOutcome = { readonly id: string; readonly title: string };

/** The prices of one part of a read. `stale`: null where a copy can't go stale. */
export type Price = { readonly fresh: MicroCredits; readonly cached: MicroCredits; readonly stale: MicroCredits | null };

// Prices are written out, never computed when a request is priced: a card is what its readers see.
function priced<const Name extends string>(id: Name, item: LineItem, [title, unit]: Texts, [fresh, cached, stale]: Amounts) {
  return {
    id,
    item,
    title,
    unit,
    freshMicroCredits: microCredits(fresh),
    cachedMicroCredits: microCredits(cached),
    staleMicroCredits: stale === null ? null : microCredits(stale),
  } as const;
}

type Texts = readonly [title: string, unit: string];
type Amounts = readonly [fresh: number, cached: number, stale: number | null];

const perPost = 'one post or reel';
const perShare = 'the batch when full; a shorter thread pays its share';
const perParse = 'one output';

const ITEMS = [
  priced('media', 'media', ['Post or reel', perPost], [3_000, 1_000, 500]),
  priced('comments_20', 'comments', ['Up to 20 comments', perShare], [4_000, 1_000, 500]),
  priced('comments_100', 'comments', ['Up to 100 comments', perShare], [15_000, 3_750, 1_875]),
  priced('comments_500', 'comments', ['Up to 500 comments', perShare], [70_000, 17_500, 8_750]),
  priced('replies_20', 'replies', ['Replies to up to 20 comments', perShare], [4_000, 1_000, 500]),
  priced('replies_100', 'replies', ['Replies to up to 100 comments', perShare], [15_000, 3_750, 1_875]),
  priced('replies_500', 'replies', ['Replies to up to 500 comments', perShare], [70_000, 17_500, 8_750]),
  priced('transcript_provider', 'transcript', ['Transcript from the data provider', perPost], [4_000, 1_000, 500]),
  priced('transcript_hosted', 'transcript', ['Transcript made by hosted transcription', perPost], [15_000, 1_000, 500]),
  // A parse is stored under the hash of what was parsed, so a stored one is never stale.
  priced('media_parse_summary', 'media_parse', ['Summary of a post', perParse], [3_000, 750, null]),
  priced('media_parse_tldr', 'media_parse', ['One-sentence summary of a post', perParse], [2_000, 500, null]),
  priced('media_parse_json', 'media_parse', ['Structured reading of a post', perParse], [4_000, 1_000, null]),
  priced('comment_parse_20', 'comment_parse', ['Reading of up to 20 comments', perParse], [4_000, 1_000, null]),
  priced('comment_parse_100', 'comment_parse', ['Reading of up to 100 comments', perParse], [8_000, 2_000, null]),
  priced('comment_parse_500', 'comment_parse', ['Reading of up to 500 comments', perParse], [20_000, 5_000, null]),
] as const satisfies readonly PricedItem[];

/** The name of one price. */
export type PriceId = (typeof ITEMS)[number]['id'];

/** A version of the prices. It never changes once published: a new price is a new card. */
export type PriceCard = {
  readonly version: string;
  /** ISO 8601. */
  readonly effectiveFrom: string;
  readonly microCreditsPerUsd: number;
  readonly items: readonly (PricedItem & { readonly id: PriceId })[];
  readonly free: readonly FreeOutcome[];
};

/** The card in force, in the shape of GET /v1/pricing. */
export const PRICE_CARD: PriceCard = {
  version: '2026-11-22',
  effectiveFrom: '2026-11-22T00:00:00.000Z',
  microCreditsPerUsd: 1_000_000,
  items: ITEMS,
  free: [
    { id: 'failure', title: 'A read or a part of it that failed' },
    { id: 'not_found', title: 'A post that does not exist or is private' },
    { id: 'quote', title: 'Asking what a read would cost' },
    { id: 'replay', title: 'The same request again under the same Idempotency-Key' },
    { id: 'not_modified', title: 'An answer that has not changed (304)' },
  ],
};

/** The prices under this name. Throws on a card without it, which its type rules out. */
export function priceOf(card: PriceCard, id: PriceId): Price {
  const item = card.items.find((candidate) => candidate.id === id);
  if (item === undefined) throw new Error(`the price card has no price for ${id}`);
  return { fresh: item.freshMicroCredits, cached: item.cachedMicroCredits, stale: item.staleMicroCredits };
}
