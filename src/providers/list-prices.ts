import type { ProviderId, UpstreamReceipt } from './provider.ts';

type ListPrice = {
  readonly billedUnit: UpstreamReceipt['billedUnit'];
  /** Micro-dollars per billed unit. */
  readonly unitMicros: number;
  /** Micro-dollars per started call, in addition to its units. */
  readonly callMicros: number;
};

/**
 * The vendors' list prices, by which calls are estimated and limited: no call is made that the price of a read does not pay for. The price
 * card publishes the same figures as its minimums, so a change here needs a new card. Check here when an invoice differs.
 * - scrapecreators: 25,000 credits for US$47; one post is one credit.
 * - hikerapi: US$0.001 a request in the 100,000 tier (US$0.02 in the smallest, US$0.0006 in the largest).
 * - apify: US$0.0023 a result and US$0.001 an actor start, measured on apify/instagram-api-scraper in August 2026. The actors for comments
 *   and transcripts are counted alike, without the unpublished price of a transcript's minutes.
 */
export const LIST_PRICES = {
  scrapecreators: { billedUnit: 'credit', unitMicros: 1_880, callMicros: 0 },
  hikerapi: { billedUnit: 'request', unitMicros: 1_000, callMicros: 0 },
  apify: { billedUnit: 'result', unitMicros: 2_300, callMicros: 1_000 },
} as const satisfies Record<ProviderId, ListPrice>;

/** What a vendor bills for one call. `started` is false when the vendor rejected it before doing anything. */
export type VendorUsage = { readonly billedUnits: number; readonly started: boolean };

export const NOTHING_USED: VendorUsage = { billedUnits: 0, started: false };

/** Returns what the smallest call to a provider costs, in micro-dollars: one unit. */
export function smallestCallMicros(provider: ProviderId): number {
  return estimateCostMicros(provider, { billedUnits: 1, started: true });
}

/** Estimates a call's cost in micro-dollars. */
export function estimateCostMicros(provider: ProviderId, usage: VendorUsage): number {
  const price = LIST_PRICES[provider];
  return usage.billedUnits * price.unitMicros + (usage.started ? price.callMicros : 0);
}
