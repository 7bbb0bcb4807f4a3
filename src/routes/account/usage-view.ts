import { z } from '@hono/zod-openapi';
import { nextCursor } from '../../http/pagination.ts';
import { ProviderUnits, providerUnitsOf } from './provider-units.ts';
import { isoTime } from '../../core/clock.ts';
import { RETENTION_DAYS } from '../../billing/archive/archive.ts';
import type { Refusal } from '../../errors.ts';
import { USAGE_STATES, type UsageGroup, type UsageItem, type UsageReceipt } from '../../billing/usage/usage.ts';

const amount = z.int().nonnegative();
const sums = { reservedMicroCredits: amount, settledMicroCredits: amount, refundedMicroCredits: amount };

const UsageLine = z
  .object({
    requestId: z.string(),
    settledAt: z.iso.datetime().nullable().openapi({ description: 'Null for a request that was not charged.' }),
    keyId: z.string(),
    endpoint: z.string().nullable().openapi({ description: 'The path that was called; null for a request that was not charged.' }),
    shortcode: z.string().nullable(),
    cacheStatus: z.string().nullable(),
    ...sums,
    priceCardVersion: z.string().nullable(),
    state: z.enum(USAGE_STATES),
    reason: z.string().nullable().openapi({
      description: 'Why nothing was charged; null for a charged request. `undelivered`: a charge was given back, so what is settled is 0.',
    }),
    resolvedAt: z.iso.datetime(),
  })
  .openapi('UsageLine');

const UsageSum = z
  .object({
    day: z.string().optional().openapi({ description: 'YYYY-MM-DD in UTC; present with `aggregate=day`.' }),
    endpoint: z.string().optional(),
    keyId: z.string().optional(),
    requests: amount,
    ...sums,
  })
  .openapi('UsageSum');

export const archivedBefore = z.iso
  .datetime()
  .nullable()
  .openapi({ description: 'Requests that began before this time have been archived and are not listed; null while none has.' });

export const UsagePage = z.object({ items: z.array(z.union([UsageLine, UsageSum])), nextCursor, archivedBefore }).openapi('UsagePage', {
  example: {
    items: [
      {
        requestId: 'req_01JZ0000000000000000000000',
        settledAt: '2026-06-28T00:00:00.000Z',
        keyId: 'key_01JZ0000000000000000000000',
        endpoint: '/v1/post',
        shortcode: 'DemoImage01',
        cacheStatus: 'miss',
        reservedMicroCredits: 3_000,
        settledMicroCredits: 3_000,
        refundedMicroCredits: 0,
        priceCardVersion: '2026-11-28',
        state: 'settled',
        reason: null,
        resolvedAt: '2026-06-28T00:00:00.000Z',
      },
    ],
    nextCursor: null,
    archivedBefore: null,
  },
});

/** The columns of requests and of totals as CSV. */
export const CSV_LINE = [
  'requestId',
  'settledAt',
  'keyId',
  'endpoint',
  'shortcode',
  'cacheStatus',
  'reservedMicroCredits',
  'settledMicroCredits',
  'refundedMicroCredits',
  'priceCardVersion',
  'state',
  'reason',
  'resolvedAt',
];
export const CSV_SUM = ['requests', 'reservedMicroCredits', 'settledMicroCredits', 'refundedMicroCredits'];

export const Receipt = z
  .object({
    requestId: z.string(),
    keyId: z.string(),
    state: z.enum(['open', 'settled', 'released', 'expired']).openapi({
      description: '`open`: still running. `settled`: charged. `released` (failed) and `expired` (never finished) cost nothing.',
    }),
    reason: z.string().nullable().openapi({
      description: 'Why nothing was charged; null for a charged request. `undelivered`: a charge was given back, so what is settled is 0.',
    }),
    createdAt: z.iso.datetime(),
    resolvedAt: z.iso.datetime().nullable(),
    ...sums,
    lines: z.array(z.object({ item: z.string(), ...sums, reason: z.string().nullable() })),
    endpoint: z.string().nullable(),
    shortcode: z.string().nullable(),
    type: z.string().nullable(),
    priceCardVersion: z.string().nullable().openapi({ description: 'The version of the price card that applied: see `GET /v1/pricing`.' }),
    cache: z.object({ status: z.string(), key: z.string(), ageSeconds: amount }).nullable(),
    providerUnits: ProviderUnits,
    limitations: z.array(z.string()).openapi({ description: 'Codes of what the read could not deliver.' }),
    traceId: z.string().nullable().openapi({
      description:
        'The trace id of the `traceparent` header of the request; null without a valid one, and for a request that was not charged.',
    }),
  })
  .openapi('Receipt', {
    example: {
      requestId: 'req_01JZ0000000000000000000000',
      keyId: 'key_01JZ0000000000000000000000',
      state: 'settled',
      reason: null,
      createdAt: '2026-06-28T00:00:00.000Z',
      resolvedAt: '2026-06-28T00:00:01.200Z',
      reservedMicroCredits: 7_000,
      settledMicroCredits: 3_000,
      refundedMicroCredits: 4_000,
      lines: [
        { item: 'media', reservedMicroCredits: 3_000, settledMicroCredits: 3_000, refundedMicroCredits: 0, reason: null },
        { item: 'comments', reservedMicroCredits: 4_000, settledMicroCredits: 0, refundedMicroCredits: 4_000, reason: 'provider_failed' },
      ],
      endpoint: '/v1/post',
      shortcode: 'DemoImage01',
      type: 'image',
      priceCardVersion: '2026-11-28',
      cache: { status: 'miss', key: 'media:v2:5f0c9f2b7e31a4d8860e1f3c2b9d7a64', ageSeconds: 0 },
      providerUnits: [{ item: 'media', provider: 'scrapecreators', billedUnit: 'credit', units: 1, billed: true }],
      limitations: ['comments_unavailable'],
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  });

export function usageLine(item: UsageItem): z.infer<typeof UsageLine> {
  const { endpoint = null, shortcode = null, cache, priceCardVersion = null } = item.receipt ?? {};
  return {
    requestId: item.requestId,
    settledAt: item.state === 'settled' ? isoTime(item.resolvedAt) : null,
    keyId: item.keyId,
    endpoint,
    shortcode,
    cacheStatus: cache?.status ?? null,
    ...sumsOf(item.reserved, item.settled),
    priceCardVersion,
    state: item.state,
    reason: item.reason,
    resolvedAt: isoTime(item.resolvedAt),
  };
}

export function usageSum({ group, requests, reserved, settled }: UsageGroup, by: 'day' | 'endpoint' | 'key'): z.infer<typeof UsageSum> {
  const label = { day: { day: group }, endpoint: { endpoint: group }, key: { keyId: group } }[by];
  return { ...label, requests, ...sumsOf(reserved, settled) };
}

export function receiptView(found: UsageReceipt): z.infer<typeof Receipt> {
  // What a provider costs the service is not shown.
  const {
    endpoint = null,
    shortcode = null,
    type = null,
    priceCardVersion = null,
    cache = null,
    limitations = [],
    upstream = [],
    traceId = null,
  } = found.receipt ?? {};
  return {
    requestId: found.requestId,
    keyId: found.keyId,
    state: found.state,
    reason: found.reason,
    createdAt: isoTime(found.createdAt),
    resolvedAt: found.resolvedAt === null ? null : isoTime(found.resolvedAt),
    ...(found.state === 'open'
      ? { reservedMicroCredits: found.reserved, settledMicroCredits: 0, refundedMicroCredits: 0 }
      : sumsOf(found.reserved, found.settled ?? 0)),
    lines: found.lines.map(({ item, reserved, settled, refunded, reason }) => ({
      item,
      reservedMicroCredits: reserved,
      settledMicroCredits: settled,
      refundedMicroCredits: refunded,
      reason,
    })),
    endpoint,
    shortcode,
    type,
    priceCardVersion,
    cache,
    limitations,
    providerUnits: providerUnitsOf(upstream),
    traceId,
  };
}

/** Says from when on receipts are here, since one that is missing may have been archived. */
export function noReceipt(archivedBefore: number | null): Refusal<'not_found'> {
  if (archivedBefore === null) return { code: 'not_found', message: 'This account has no receipt with this id.' };
  const before = isoTime(archivedBefore);
  return {
    code: 'not_found',
    message: `This account has no receipt with this id. Receipts of failed requests before ${before} have been archived; those of charged ones are kept for ${RETENTION_DAYS.settled} days.`,
    details: { failedArchivedBefore: before, chargedKeptDays: RETENTION_DAYS.settled },
  };
}

function sumsOf(reserved: number, settled: number) {
  return { reservedMicroCredits: reserved, settledMicroCredits: settled, refundedMicroCredits: reserved - settled };
}
