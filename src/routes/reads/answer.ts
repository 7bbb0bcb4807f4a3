import type { AnswerSeal } from '../../billing/idempotency/response-seal.ts';
import type { ResponseRecorder, ReadOrder } from '../../read/order.ts';
import type { ReadTrace } from '../../read/model/trace.ts';
import type { ReadRequest } from '../../read/parts/parts.ts';
import type { Reader } from '../../read/reader.ts';
import type { ReadResult } from '../../read/result.ts';
import { cacheHeaders, envelopeBody, noteRead } from './envelope.ts';
import type { AppContext } from '../../http/context.ts';
import { noteCredits } from '../../http/middleware/credit-headers.ts';
import { errorBody, refuse } from '../../http/error-response.ts';
import { ERROR_ROWS } from '../../errors.ts';
import type { IdempotencyKey } from '../../http/idempotency/header.ts';
import { replay } from '../../http/idempotency/idempotent.ts';
import { paidRequest } from './paid-request.ts';
import { quoteBody } from './quote-view.ts';
import { freshnessOf } from './query.ts';

/** The parameters that every paid read takes, as a route has checked them. */
type ReadQuery = Parameters<typeof freshnessOf>[0] & {
  readonly url: string;
  readonly dryRun?: 'true' | 'false' | undefined;
  readonly maxCostMicroCredits?: number | undefined;
};

/**
 * Answers one paid read: who pays, the read or its quotation, and the answer; or the answer of before, for the same request under the
 * same Idempotency-Key. `render` says what of a reading is data and what is interpretation.
 */
export async function answerRead<D, P>(
  c: AppContext,
  query: ReadQuery,
  request: ReadRequest,
  render: (reading: ReadResult) => { readonly data: D; readonly parse: P },
) {
  const isDryRun = query.dryRun === 'true';
  const paid = await paidRequest(c, isDryRun);
  if (!paid.ok) return refuse(c, paid.error);
  const { payer, key } = paid.value;
  const trace: ReadTrace = {};
  const order: ReadOrder = {
    endpoint: c.req.path,
    input: query.url,
    request,
    freshness: freshnessOf(query),
    payer,
    ceiling: query.maxCostMicroCredits ?? null,
    recorder: key === null ? null : recorderOf(c, key, render),
  };
  const reader = payer.mode === 'test' ? c.get('service').sandbox : c.get('service').reader;
  const bodyOf = (reading: ReadResult) => ({ ...envelopeBody(c, reading), ...render(reading) });
  const answer = await (isDryRun ? quoted(c, reader, order, trace) : reader.read(order, trace));
  noteRead(c, trace);
  if (!answer.ok) {
    if (answer.error.code !== 'replayed') return refuse(c, answer.error);
    const { replay: kept, accountId, availableNow } = answer.error.claimed;
    c.get('event').accountId = accountId;
    // A replay is found only by a request that has a key.
    return key === null ? refuse(c, { code: 'internal' }) : replay(c, kept, key, availableNow);
  }
  if ('quote' in answer.value) {
    c.header('Cache-Control', 'no-store');
    return c.json(answer.value, 200);
  }
  noteCredits(c, answer.value.payment.available, answer.value.payment.settled);
  for (const [name, value] of Object.entries(cacheHeaders(answer.value))) c.header(name, value);
  return c.json(bodyOf(answer.value), 200);
}

async function quoted(c: AppContext, reader: Reader, order: ReadOrder, trace: ReadTrace) {
  const quotation = await reader.dryRun(order, trace);
  return quotation.ok ? { ok: true as const, value: quoteBody(quotation.value, c.get('deps').priceCard.version) } : quotation;
}

function recorderOf<D, P>(
  c: AppContext,
  key: IdempotencyKey,
  render: (reading: ReadResult) => { readonly data: D; readonly parse: P },
): ResponseRecorder {
  const seal: AnswerSeal = c.get('service').answerSeal;
  const json = { 'Content-Type': 'application/json' };
  return {
    result: (reading) => {
      const headers = { ...json, 'Cache-Status': cacheHeaders(reading)['Cache-Status'], Vary: 'Authorization' };
      const body = JSON.stringify({ ...envelopeBody(c, reading), ...render(reading) });
      return seal.seal({ status: 200, headers, body }, key.text);
    },
    refusal: (refusal) => {
      const body = JSON.stringify(errorBody(refusal, c.get('requestId'), new URL(c.req.url).origin));
      return seal.seal({ status: ERROR_ROWS[refusal.code].status, headers: json, body }, key.text);
    },
  };
}
