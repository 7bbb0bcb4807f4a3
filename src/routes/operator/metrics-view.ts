import { z } from '@hono/zod-openapi';

const count = z.int().nonnegative();
const amount = z.int();
const counts = z.record(z.string(), count);
const time = z.iso.datetime();
const milliseconds = z.int().nonnegative().nullable();

const Latency = z.object({ p50: milliseconds, p90: milliseconds, p99: milliseconds });
const Pass = z.object({ startedAt: time, accounts: count, broken: counts });

/** The report contains no secrets, no ids and no text that a person wrote. */
export const MetricsView = z
  .object({
    generatedAt: time,
    window: z.enum(['1h', '24h', '30d']),
    requests: z.object({
      total: count,
      latencyMs: Latency,
      byEndpoint: z.array(z.object({ endpoint: z.string(), outcomes: counts, latencyMs: Latency })),
    }),
    cache: z.object({ hits: count, misses: count, stale: count, hitRatio: z.number().nullable() }),
    providers: z.record(
      z.string(),
      z.object({
        configured: z.boolean(),
        state: z.enum(['unconfigured', 'idle', 'healthy', 'degraded', 'failing']),
        circuit: z.enum(['open', 'closed']).openapi({
          description: '`open`: in the last ten minutes reads asked other providers first, because its last calls had failed.',
        }),
        passedOver: count.openapi({ description: 'Requests that asked other providers first.' }),
        calls: count,
        failures: count,
        outcomes: counts,
        costMicroUsd: count,
      }),
    ),
    boundaries: z.record(z.string(), z.object({ configured: z.boolean() })),
    transcripts: counts,
    parses: counts,
    rateLimits: z.object({
      refused: counts.openapi({ description: 'Requests refused with 429 `rate_limited`, by policy.' }),
      storeDown: count.openapi({ description: 'Requests let through uncounted because the counter store failed or was too slow.' }),
    }),
    credits: z.object({
      grantedMicroCredits: amount,
      adjustedMicroCredits: amount,
      reservedMicroCredits: amount,
      settledMicroCredits: amount,
      refundedMicroCredits: amount,
      openMicroCredits: amount.openapi({ description: 'Reserved by holds that are open now.' }),
      outstandingMicroCredits: amount.openapi({ description: 'Credit of all accounts: sold or granted, and not used yet.' }),
    }),
    money: z.object({
      revenueMicroCredits: amount,
      providerCostMicroUsd: amount.openapi({ description: 'The cost of all provider calls, or of the settled reads where that is more.' }),
      settledReadsProviderCostMicroUsd: amount,
      freeReadsProviderCostMicroUsd: amount.openapi({
        description: 'The cost of the provider calls that nobody was charged for: misses, failures, and reads of the operator.',
      }),
      marginMicroUsd: amount,
    }),
    topUps: z.object({ count, microCredits: amount, clawedBackMicroCredits: amount, reinstatedMicroCredits: amount }),
    accounts: z.object({ active: count, frozen: count, closed: count, created: count }),
    keys: z.object({ live: count, revoked: count, created: count }),
    holds: z.object({ open: count, overdue: count, opened: count, settled: count, released: count, expired: count }),
    audit: z.object({
      brokenRows: count,
      lastPass: Pass.extend({ finishedAt: time }).nullable(),
      runningPass: Pass.nullable(),
    }),
    jobs: z.array(
      z.object({
        name: z.string(),
        lastSuccessAt: time.nullable(),
        lastFailureAt: time.nullable(),
        lastDurationMs: milliseconds,
        overdue: z.boolean(),
        rowsDone: count,
        rowsPutOff: count.openapi({ description: 'Rows that could not be handled and are left for later.' }),
      }),
    ),
  })
  .openapi('Metrics');

const at = '2026-06-28T00:00:00.000Z';

export const metricsExample: z.infer<typeof MetricsView> = {
  generatedAt: at,
  window: '1h',
  requests: {
    total: 120,
    latencyMs: { p50: 38, p90: 900, p99: 2400 },
    byEndpoint: [{ endpoint: 'GET /v1/post', outcomes: { ok: 117, post_not_found: 3 }, latencyMs: { p50: 38, p90: 900, p99: 2400 } }],
  },
  cache: { hits: 78, misses: 39, stale: 0, hitRatio: 0.6666666666666666 },
  providers: {
    scrapecreators: {
      configured: true,
      state: 'healthy',
      circuit: 'closed',
      passedOver: 0,
      calls: 42,
      failures: 0,
      outcomes: { ok: 39, not_found: 3 },
      costMicroUsd: 42000,
    },
    hikerapi: { configured: true, state: 'idle', circuit: 'closed', passedOver: 0, calls: 0, failures: 0, outcomes: {}, costMicroUsd: 0 },
    apify: {
      configured: false,
      state: 'unconfigured',
      circuit: 'closed',
      passedOver: 0,
      calls: 0,
      failures: 0,
      outcomes: {},
      costMicroUsd: 0,
    },
  },
  boundaries: { achronon: { configured: true } },
  transcripts: { provider: 4, no_speech: 1 },
  parses: { ok: 2 },
  rateLimits: { refused: { burst: 4 }, storeDown: 0 },
  credits: {
    grantedMicroCredits: 0,
    adjustedMicroCredits: 0,
    reservedMicroCredits: 204000,
    settledMicroCredits: 195000,
    refundedMicroCredits: 9000,
    openMicroCredits: 0,
    outstandingMicroCredits: 4805000,
  },
  money: {
    revenueMicroCredits: 195000,
    providerCostMicroUsd: 42000,
    settledReadsProviderCostMicroUsd: 39000,
    freeReadsProviderCostMicroUsd: 3000,
    marginMicroUsd: 153000,
  },
  topUps: { count: 1, microCredits: 5000000, clawedBackMicroCredits: 0, reinstatedMicroCredits: 0 },
  accounts: { active: 12, frozen: 1, closed: 0, created: 1 },
  keys: { live: 14, revoked: 2, created: 1 },
  holds: { open: 0, overdue: 0, opened: 120, settled: 117, released: 3, expired: 0 },
  audit: { brokenRows: 0, lastPass: { startedAt: at, finishedAt: at, accounts: 13, broken: {} }, runningPass: null },
  jobs: [{ name: 'expire_holds', lastSuccessAt: at, lastFailureAt: null, lastDurationMs: 12, overdue: false, rowsDone: 3, rowsPutOff: 0 }],
};
