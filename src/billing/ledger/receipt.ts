import { z } from 'zod';

/** A call to a data provider. `billedUnits` are the provider's own; `item` is the line it counts towards. */
const UpstreamCall = z.object({
  item: z.string().exactOptional(),
  provider: z.string(),
  endpoint: z.string(),
  billedUnit: z.string(),
  billedUnits: z.number(),
  resultCount: z.number(),
  estimatedCostMicros: z.number(),
  latencyMs: z.number(),
  httpStatus: z.int().nullable(),
});

/**
 * What the ledger keeps for good of a settled read: what was read, from where, and by which prices. Never text that people wrote, and no
 * secrets. Parts of a read that are not named here add a field of their own.
 */
export const Receipt = z
  .object({
    endpoint: z.string(),
    /** The trace that the caller's request belongs to, where it named one. */
    traceId: z.string().exactOptional(),
    shortcode: z.string(),
    type: z.string().nullable(),
    priceCardVersion: z.string(),
    cache: z.object({ status: z.string(), key: z.string(), ageSeconds: z.int().nonnegative() }),
    provider: z.object({ id: z.string(), billedUnit: z.string(), resultCount: z.int().nonnegative() }),
    comments: z.object({ requested: z.int(), delivered: z.int(), status: z.string() }).nullable(),
    transcript: z.string().nullable(),
    parse: z.object({ mode: z.string(), status: z.string() }).nullable(),
    limitations: z.array(z.string()),
    upstream: z.array(UpstreamCall),
  })
  .catchall(z.json());
export type Receipt = z.infer<typeof Receipt>;

/** A receipt as a database row holds it. Those of earlier versions lack fields. */
export const StoredReceipt = Receipt.partial();
export type StoredReceipt = z.infer<typeof StoredReceipt>;

/** The column of a receipt's JSON. */
export const receiptColumn = z.string().transform((text) => StoredReceipt.parse(JSON.parse(text)));
