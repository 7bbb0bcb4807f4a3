import { ok, type Result } from '../../core/result.ts';
import { scopeOf } from '../../endpoints.ts';
import { ERROR_ROWS, type Refusal } from '../../errors.ts';
import { prefersMarkdown } from '../../http/format/negotiated.ts';
import { authenticate } from '../../http/auth/authenticate.ts';
import type { Context } from 'hono';
import type { AppContext, AppEnv } from '../../http/context.ts';
import { errorBody, refuse } from '../../http/error-response.ts';
import { publicOrigin } from '../../http/origin.ts';
import { fingerprint } from '../../http/idempotency/fingerprint.ts';
import { type IdempotencyKey, idempotencyKey } from '../../http/idempotency/header.ts';
import { sendStored } from '../../http/idempotency/idempotent.ts';
import { recordCredits } from '../../http/middleware/credit-headers.ts';
import { entityTagsIn } from '../../read/response/entity-tag.ts';
import type { AnswerHead, Caller, ReadCall, ResponseFormat } from '../../read/execute-read.ts';
import type { Main } from '../../read/response/envelope.ts';
import { cacheHeaders } from './http.ts';
import { cacheDirectives, freshnessOf } from './freshness.ts';
import type { ReadQuery } from './query.ts';
import { shapeOf } from './shape.ts';

/** Hono's context in the handler of a paid read. */
type ReadContext<Path extends string, Query extends ReadQuery> = Context<AppEnv, Path, { in: { query: object }; out: { query: Query } }>;

/** Makes the handler of a paid read: it executes what `requestOf` makes of the query, and writes the response. */
export function readHandler<Path extends string, Query extends ReadQuery, M extends Main>(
  requestOf: (query: Query) => ReadCall<M>['request'],
) {
  return async (c: ReadContext<Path, Query>) => {
    const query = c.req.valid('query');
    const sender = senderOf(c);
    if (!sender.ok) return refuse(c, sender.error);
    const { caller, key } = sender.value;
    const answer = await c.get('service').executeRead(caller, callOf(c, { query, request: requestOf(query), key }));
    const { credits } = answer.ok ? answer.value : answer.error;
    recordCredits(c, credits.remaining, credits.used);
    if (!answer.ok) return refuse(c, answer.error.refusal);
    switch (answer.value.kind) {
      case 'replayed':
        return sendStored(c, answer.value.stored);
      case 'priced':
        c.header('Cache-Control', 'no-store');
        return c.json(answer.value.body, 200);
      case 'unchanged':
        setHeaders(c, answer.value);
        return c.body(null, 304);
      case 'delivered':
        setHeaders(c, answer.value);
        return c.json(answer.value.body, 200);
    }
  };
}

/** Who sends the request, and under which Idempotency-Key. Asks nothing of the database. */
function senderOf(
  c: AppContext,
): Result<{ readonly caller: Caller; readonly key: IdempotencyKey | null }, Refusal<'unauthorized' | 'invalid_request'>> {
  const principal = authenticate(c);
  if (!principal.ok) return principal;
  c.get('event').role = principal.value.kind;
  const key = idempotencyKey(c.req.header('Idempotency-Key'));
  if (!key.ok) return key;
  const log: Caller['log'] = (event) => Object.assign(c.get('event'), event);
  const { traceId } = c.get('event');
  return ok({ caller: { principal: principal.value, requestId: c.get('requestId'), traceId, isCounted: true, log }, key: key.value });
}

function callOf<M extends Main>(
  c: AppContext,
  { query, request, key }: { readonly query: ReadQuery; readonly request: ReadCall<M>['request']; readonly key: IdempotencyKey | null },
): ReadCall<M> {
  const directives = cacheDirectives(c.req.header('Cache-Control'));
  const isMarkdown = prefersMarkdown(c);
  const tags = c.req.header('If-None-Match');
  return {
    endpoint: c.req.path,
    scope: scopeOf(c.req.path),
    input: query.url,
    request,
    shape: isMarkdown && query.fields === undefined ? { view: 'minimal' } : shapeOf(query),
    freshness: freshnessOf(query, directives),
    onlyIfCached: query.onlyIfCached === 'true' || directives.onlyIfCached,
    knownTags: entityTagsIn(tags),
    ceiling: query.maxCostMicroCredits ?? null,
    isDryRun: query.dryRun === 'true',
    idempotencyKey: key,
    fingerprint: fingerprint(c.req.method, c.req.path, { ...c.req.query(), ...variantOf(isMarkdown, tags) }),
    format: formatOf(c, isMarkdown),
  };
}

/** What of the headers changes a stored response: one in Markdown is in another view, and a 304 has no content for a caller without it. */
function variantOf(isMarkdown: boolean, tags: string | undefined): Readonly<Record<string, string>> {
  return { ...(isMarkdown ? { accept: 'text/markdown' } : {}), ...(tags === undefined ? {} : { 'if-none-match': tags }) };
}

/** The headers of a delivered answer. */
function setHeaders(c: AppContext, { cache, entityTag: tag }: AnswerHead): void {
  for (const [name, value] of Object.entries({ ...cacheHeaders(cache), ETag: tag })) c.header(name, value);
}

/** The headers of a delivered answer that come again with its replay. */
function keptHeaders({ cache, entityTag: tag }: AnswerHead) {
  return { 'Cache-Status': cacheHeaders(cache)['Cache-Status'], ETag: tag, Vary: 'Authorization' };
}

/** How HTTP writes a response that is stored. */
function formatOf(c: AppContext, isMarkdown: boolean): ResponseFormat {
  const json = { 'Content-Type': 'application/json' };
  return {
    name: isMarkdown ? 'markdown' : 'json',
    body: (body, delivered) => ({ status: 200, headers: { ...json, ...keptHeaders(delivered) }, body: JSON.stringify(body) }),
    unchanged: (delivered) => ({ status: 304, headers: keptHeaders(delivered), body: '' }),
    refusal: (refusal) => {
      const body = errorBody(refusal, c.get('requestId'), publicOrigin(c));
      return { status: ERROR_ROWS[refusal.code].status, headers: json, body: JSON.stringify(body) };
    },
  };
}
