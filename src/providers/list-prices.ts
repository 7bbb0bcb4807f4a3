import type { ProviderId, UpstreamReceipt } from './provider.ts';

type ListPrice = {
  readonly billedUnit: UpstreamReceipt['billedUnit'];
  /** Millionths of a US dollar for one billed unit. */
  readonly unitMicros: number;
  /** Millionths of a US dollar for starting a call, beside its units. */
  readonly callMicros: number;
};

/**
 * What the vendors list, for the estimates in receipts only; nothing is charged by it. Prices move: look here when an
 * invoice differs.
 * - scrapecreators: 25,000 credits for US$47; one post is one credit.
 * - hikerapi: US$0.001 a request in the 100,000 tier (US$0.02 in the smallest, US$0.0006 in the largest).
 * - apify: US$0.0023 a result and US$0.001 an actor start, as measured on apify/instagram-api-scraper in August 2026.
 *   The actors for comments and transcripts are counted alike; a transcript's minutes, whose price isn't published, are left out.
 */
export const LIST_PRICES = {
  scrapecreators: { billedUnit: 'credit', unitMicros: 1_880, callMicros: 0 },
  hikerapi: { billedUnit: 'request', unitMicros: 1_000, callMicros: 0 },
  apify: { billedUnit: 'result', unitMicros: 2_300, callMicros: 1_000 },
} as const satisfies Record<ProviderId, ListPrice>;

/** What one call used at a vendor. `started` is false when the vendor turned it away before doing anything. */
export type VendorUsage = { readonly billedUnits: number; readonly started: boolean };

/** The vendor turned the call away, or it never left. */
export const NOTHING_USED: VendorUsage = { billedUnits: 0, started: false };

/** Millionths of a US dollar by list price. */
export function estimateCostMicros(provider: ProviderId, usage: VendorUsage): number {
  const price = LIST_PRICES[provider];
  return usage.billedUnits * price.unitMicros + (usage.started ? price.callMicros : 0);
}
