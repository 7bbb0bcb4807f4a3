import { createRoute, z } from '@hono/zod-openapi';
import { readOwnAccount } from '../../http/auth/account-access.ts';
import type { App } from '../../http/context.ts';
import { csv, wantsCsv } from '../../http/csv.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { listCursor, listNumber, pageQuery, pageSize } from '../../http/pagination.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { JournalPage, journalLine } from './ledger-view.ts';

const Query = z.object(pageQuery);

const CSV_COLUMNS = ['seq', 'kind', 'ref', 'deltaMicroCredits', 'balanceAfterMicroCredits', 'createdAt'];

const route = createRoute({
  ...operation(
    'listLedger',
    "Returns every change of the account's balance, newest first, with the balance after it; entries are numbered without gaps. Use it to " +
      'reconcile the balance. Credit held for running requests is not in it: see `GET /v1/me`. For the parts of one charge use ' +
      '`GET /v1/usage/{requestId}`. Send `Accept: text/csv` for CSV. Needs the scope `account`.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query },
  responses: {
    200: {
      description: 'A page of balance changes.',
      content: {
        'application/json': { schema: JournalPage },
        'text/csv': { schema: z.string(), example: `${CSV_COLUMNS.join(',')}\r\n` },
      },
    },
    ...errorResponses('invalid_request', 'invalid_cursor', 'unauthorized', 'forbidden', 'internal', 'misconfigured', 'overloaded'),
  },
});

export function registerLedger(app: App): void {
  app.openapi(route, async (c) => {
    const query = c.req.valid('query');
    const before = listNumber(query.cursor);
    if (!before.ok) return refuse(c, before.error);
    const page = await readOwnAccount(c, (keyHash) => c.get('service').accounts.usage.entries(keyHash, before.value, pageSize(query)));
    if (!page.ok) return refuse(c, page.error);
    const items = (page.value?.items ?? []).map(journalLine);
    const next = page.value?.next ?? null;
    const nextCursor = next === null ? null : listCursor(next);
    return wantsCsv(c) ? csv(c, CSV_COLUMNS, { items, nextCursor }) : c.json({ items, nextCursor }, 200);
  });
}
