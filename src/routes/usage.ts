import { createRoute, z } from '@hono/zod-openapi';
import type { UsageFilter } from '../billing/usage.ts';
import { accountLook } from '../http/account-look.ts';
import type { App, AppContext } from '../http/context.ts';
import { csv, wantsCsv } from '../http/csv.ts';
import { errorResponses, refuse } from '../http/error-response.ts';
import { listCursor, listPosition, pageQuery, pageSize } from '../http/pages.ts';
import { onlyQuery } from '../http/query.ts';
import { Receipt, receiptView, UsagePage, usageLine, usageSum } from '../http/usage-view.ts';

/** Sums are made by reading the whole range: this much where nothing is said, and at most. Milliseconds. */
const USUAL_RANGE_MS = 30 * 86_400_000;
const LARGEST_RANGE_MS = 92 * 86_400_000;

const time = (description: string) => z.iso.datetime({ offset: true }).optional().openapi({ description, example: '2026-06-01T00:00:00Z' });

const Query = z.object({
  from: time('Settled at or after this time.'),
  to: time('Settled before this time.'),
  endpoint: z.string().min(1).max(100).optional().openapi({ description: 'Only this endpoint.', example: '/v1/post' }),
  keyId: z.string().min(1).max(100).optional().openapi({ description: 'Only this API key.' }),
  aggregate: z
    .enum(['day', 'endpoint', 'key'])
    .optional()
    .openapi({ description: 'Sums instead of requests, over at most 92 days; the last 30 where no time is given.' }),
  ...pageQuery,
});
type Query = z.infer<typeof Query>;

const common = { method: 'get' as const, tags: ['Account'], security: [{ apiKey: [] }] };

const CSV_LINE = [
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
];
const CSV_SUM = ['requests', 'reservedMicroCredits', 'settledMicroCredits', 'refundedMicroCredits'];

const listRoute = createRoute({
  ...common,
  path: '/v1/usage',
  operationId: 'listUsage',
  summary: 'What was spent, and on what',
  description:
    'The settled requests of the account, newest first, or their sums; reads that failed cost nothing and are not listed. CSV by `Accept: text/csv`.',
  middleware: [onlyQuery(Object.keys(Query.shape))] as const,
  request: { query: Query },
  responses: {
    200: {
      description: 'A page of requests, or their sums.',
      content: {
        'application/json': { schema: UsagePage },
        'text/csv': { schema: z.string(), example: `${CSV_LINE.join(',')}\r\n` },
      },
    },
    ...errorResponses('invalid_request', 'invalid_cursor', 'unauthorized', 'forbidden', 'internal', 'misconfigured', 'overloaded'),
  },
});

const receiptRoute = createRoute({
  ...common,
  path: '/v1/usage/{requestId}',
  operationId: 'getReceipt',
  summary: 'The receipt of one request',
  description:
    'What was set aside, taken and given back, line by line, by which price card, and where it came from. Also for reads that failed.',
  middleware: [onlyQuery([])] as const,
  request: { params: z.object({ requestId: z.string().min(1).max(100) }) },
  responses: {
    200: { description: 'The receipt.', content: { 'application/json': { schema: Receipt } } },
    ...errorResponses('invalid_request', 'unauthorized', 'forbidden', 'not_found', 'internal', 'misconfigured', 'overloaded'),
  },
});

export function registerUsage(app: App): void {
  app.openapi(listRoute, async (c) => {
    const query = c.req.valid('query');
    return query.aggregate === undefined ? answerList(c, query) : answerSums(c, query, query.aggregate);
  });
  app.openapi(receiptRoute, async (c) => {
    const found = await accountLook(c, (keyHash) => c.var.service.usage.receipt(keyHash, c.req.valid('param').requestId));
    if (!found.ok) return refuse(c, found.error);
    if (found.value === null) return refuse(c, { code: 'not_found', message: 'There is no such request.' });
    return c.json(receiptView(found.value), 200);
  });
}

async function answerList(c: AppContext, query: Query) {
  const after = listPosition(query.cursor);
  if (!after.ok) return refuse(c, after.error);
  const { from, to } = query;
  const range = { from: from === undefined ? null : Date.parse(from), to: to === undefined ? null : Date.parse(to) };
  const page = await accountLook(c, (keyHash) => c.var.service.usage.list(keyHash, filterOf(query, range), after.value, pageSize(query)));
  if (!page.ok) return refuse(c, page.error);
  const items = (page.value?.items ?? []).map(usageLine);
  const next = page.value?.next ?? null;
  const nextCursor = next === null ? null : listCursor(next.at, next.id);
  return wantsCsv(c) ? csv(c, CSV_LINE, items, nextCursor) : c.json({ items, nextCursor }, 200);
}

async function answerSums(c: AppContext, query: Query, by: 'day' | 'endpoint' | 'key') {
  const to = query.to === undefined ? c.var.deps.clock() + 1 : Date.parse(query.to);
  const from = query.from === undefined ? to - USUAL_RANGE_MS : Date.parse(query.from);
  if (to - from > LARGEST_RANGE_MS) return refuse(c, { code: 'invalid_request', message: 'Sums reach over at most 92 days.' });
  const groups = await accountLook(c, (keyHash) => c.var.service.usage.groups(keyHash, filterOf(query, { from, to }), by));
  if (!groups.ok) return refuse(c, groups.error);
  const items = (groups.value ?? []).map((group) => usageSum(group, by));
  return wantsCsv(c) ? csv(c, [by === 'key' ? 'keyId' : by, ...CSV_SUM], items, null) : c.json({ items, nextCursor: null }, 200);
}

function filterOf(query: Query, range: Pick<UsageFilter, 'from' | 'to'>): UsageFilter {
  return { ...range, endpoint: query.endpoint ?? null, keyId: query.keyId ?? null };
}
