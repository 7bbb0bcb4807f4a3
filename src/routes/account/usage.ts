import { createRoute, z } from '@hono/zod-openapi';
import { inMarkdown } from '../../http/format/content.ts';
import { DAY_MS, isoTime } from '../../core/clock.ts';
import { USAGE_STATES, type UsageFilter } from '../../billing/usage/usage.ts';
import { readOwnAccount } from '../../http/auth/account-access.ts';
import type { App, AppContext } from '../../http/context.ts';
import { csv, wantsCsv } from '../../http/csv.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { totalsInProgress, totalsOnce } from '../../http/limits/totals-turn.ts';
import { listCursor, listPosition, pageQuery, pageSize } from '../../http/pagination.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { CSV_LINE, CSV_SUM, UsagePage, usageLine, usageSum } from './usage-view.ts';

/** Totals read every request of the range, so the range is bounded. */
const USUAL_RANGE_MS = 30 * DAY_MS;
const LARGEST_RANGE_MS = 92 * DAY_MS;

const time = (description: string) => z.iso.datetime({ offset: true }).optional().openapi({ description, example: '2026-06-01T00:00:00Z' });

const Query = z.object({
  status: z
    .enum([...USAGE_STATES, 'all'])
    .optional()
    .openapi({
      description:
        'Which requests to list; `settled` by default. `released` requests failed, `expired` ones never finished. Both cost nothing.',
    }),
  from: time('Only requests that ended at or after this time.'),
  to: time('Only requests that ended before this time.'),
  endpoint: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .openapi({ description: 'Only requests to this path. Works for settled requests only.', example: '/v1/post' }),
  keyId: z.string().min(1).max(100).optional().openapi({ description: 'Only requests made with the API key of this id.' }),
  aggregate: z
    .enum(['day', 'endpoint', 'key'])
    .optional()
    .openapi({ description: 'Return totals instead of requests. The range is at most 92 days; the last 30 days by default.' }),
  ...pageQuery,
});
type Query = z.infer<typeof Query>;

const listRoute = createRoute({
  ...operation(
    'listUsage',
    'Returns the requests that the account was charged for, newest first; with `aggregate`, their totals by day, endpoint or key; an account has one such request at a time (429 `rate_limited` otherwise). Use `status` ' +
      'to list requests that failed, which cost nothing. For every change of the balance, top-ups included, use `GET /v1/ledger`. ' +
      'Send `Accept: text/csv` for CSV. Needs the scope `account`.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query },
  responses: {
    200: {
      description: 'A page of requests, or totals.',
      content: {
        'application/json': { schema: UsagePage },
        ...inMarkdown('- items:\n  | requestId | settledMicroCredits |\n  | --- | --- |\n  | req_01JZ0000000000000000000000 | 3000 |\n'),
        'text/csv': { schema: z.string(), example: `${CSV_LINE.join(',')}\r\n` },
      },
    },
    ...errorResponses('invalid_request', 'invalid_cursor', 'unauthorized', 'forbidden', 'internal', 'misconfigured', 'overloaded'),
  },
});

export function registerUsage(app: App): void {
  app.openapi(listRoute, async (c) => {
    const query = c.req.valid('query');
    // A failed request keeps its hold but no receipt, so its endpoint is not known and its charge is nothing.
    const isSettled = (query.status ?? 'settled') === 'settled';
    if (!isSettled && (query.aggregate !== undefined || query.endpoint !== undefined)) {
      return refuse(c, { code: 'invalid_request', message: '`aggregate` and `endpoint` apply to settled requests only.' });
    }
    return query.aggregate === undefined ? answerList(c, query) : answerSums(c, query, query.aggregate);
  });
}

async function answerList(c: AppContext, query: Query) {
  const after = listPosition(query.cursor);
  if (!after.ok) return refuse(c, after.error);
  const { from, to, status = 'settled' } = query;
  const states = status === 'all' ? USAGE_STATES : [status];
  const range = { from: from === undefined ? null : Date.parse(from), to: to === undefined ? null : Date.parse(to) };
  const page = await readOwnAccount(c, (keyHash) =>
    c.get('service').accounts.usage.list(keyHash, states, filterOf(query, range), after.value, pageSize(query)),
  );
  if (!page.ok) return refuse(c, page.error);
  const items = (page.value?.items ?? []).map(usageLine);
  const next = page.value?.next ?? null;
  const nextCursor = next === null ? null : listCursor(next.at, next.id);
  const archived = archivedBefore(c, page.value?.archivedBefore ?? null);
  return wantsCsv(c) ? csv(c, CSV_LINE, { items, nextCursor }) : c.json({ items, nextCursor, archivedBefore: archived }, 200);
}

async function answerSums(c: AppContext, query: Query, by: 'day' | 'endpoint' | 'key') {
  const to = query.to === undefined ? c.get('deps').clock() + 1 : Date.parse(query.to);
  const from = query.from === undefined ? to - USUAL_RANGE_MS : Date.parse(query.from);
  if (to - from > LARGEST_RANGE_MS) return refuse(c, { code: 'invalid_request', message: '`aggregate` covers at most 92 days.' });
  const filter = filterOf(query, { from, to });
  const groups = await totalsOnce(c, () => readOwnAccount(c, (keyHash) => c.get('service').accounts.usage.groups(keyHash, filter, by)));
  if (groups === null) return refuse(c, totalsInProgress);
  if (!groups.ok) return refuse(c, groups.error);
  const items = (groups.value?.groups ?? []).map((group) => usageSum(group, by));
  const archived = archivedBefore(c, groups.value?.archivedBefore ?? null);
  return wantsCsv(c)
    ? csv(c, [by === 'key' ? 'keyId' : by, ...CSV_SUM], { items, nextCursor: null })
    : c.json({ items, nextCursor: null, archivedBefore: archived }, 200);
}

/** Says in a header too from when on the list is complete, because CSV has no other place for it. */
function archivedBefore(c: AppContext, time: number | null): string | null {
  if (time === null) return null;
  c.header('X-Usage-Archived-Before', isoTime(time));
  return isoTime(time);
}

function filterOf(query: Query, range: Pick<UsageFilter, 'from' | 'to'>): UsageFilter {
  return { ...range, endpoint: query.endpoint ?? null, keyId: query.keyId ?? null };
}
