import { PRICE_CARD, type PriceId } from '../../src/billing/price-card.ts';
import type { PricedAnswer } from '../support/price-by-card.ts';
import type { PaidOrder } from './paid-orders.ts';

type CopyStatus = 'miss' | 'hit' | 'stale';

/**
 * Returns what is wrong with the price of a delivered read, or null. Computed from the response and the price card alone, without the code
 * under test. A zero in a list of prices means that the line may be missing.
 */
export function priceProblem(order: PaidOrder, { data, cache, usage, parse }: PricedAnswer): string | null {
  for (const line of [...usage.lines.map((line) => ({ ...line, name: line.item })), { ...usage, name: 'the whole' }]) {
    if (line.reservedMicroCredits !== line.settledMicroCredits + line.refundedMicroCredits)
      return `${line.name} loses a part of what was held`;
  }
  const total = usage.lines.reduce((sum, line) => sum + line.settledMicroCredits, 0);
  if (total !== usage.settledMicroCredits) return `its lines come to ${total}, not ${usage.settledMicroCredits}`;
  const allowed = allowedPrices(order, { data, cache, parse });
  for (const line of usage.lines) {
    const prices = allowed.get(line.item);
    if (prices === undefined) return `nothing was asked for that ${line.item} is the price of`;
    if (!prices.includes(line.settledMicroCredits) && !isMinimum(line, Math.min(...prices))) {
      return `${line.item} costs ${line.settledMicroCredits}, not ${prices.join(' or ')}`;
    }
  }
  for (const [item, prices] of allowed) {
    if (!prices.includes(0) && !usage.lines.some((line) => line.item === item)) return `${item} was delivered and has no line`;
  }
  return null;
}

/** Whether a line that costs more than its price came to what its upstream calls cost. The answer does not say how many there were. */
function isMinimum(
  { item, settledMicroCredits: settled, reservedMicroCredits: reserved }: PricedAnswer['usage']['lines'][number],
  price: number,
): boolean {
  if (!['media', 'comments', 'replies', 'transcript'].includes(item) || settled < price) return false;
  if (settled === reserved) return true;
  const [first, ...units] = PRICE_CARD.minimums.flatMap((row) => [row.callMicroCredits, row.unitMicroCredits]).filter((one) => one > 0);
  let sums = new Set([settled]);
  for (const unit of units) {
    sums = new Set([...sums].flatMap((sum) => Array.from({ length: Math.floor(sum / unit) + 1 }, (_, count) => sum - count * unit)));
  }
  return [...sums].some((sum) => sum % (first ?? 1) === 0);
}

function allowedPrices(
  order: PaidOrder,
  { data, cache, parse }: Pick<PricedAnswer, 'data' | 'cache' | 'parse'>,
): ReadonlyMap<string, readonly number[]> {
  const { endpoint, query } = order;
  const allowed = new Map<string, readonly number[]>();
  const isComments = endpoint === '/v1/comments';
  if (!isComments) allowed.set('media', [at('media', cache.status)]);
  const limit = commentLimit(order);
  if (limit !== null) {
    const states: readonly CopyStatus[] = isComments ? [cache.status] : ['miss', 'hit', 'stale'];
    const share = (id: PriceId, count: number) => states.map((state) => Math.floor((at(id, state) * Math.min(count, limit)) / limit));
    const missing = isComments ? [] : [0];
    allowed.set('comments', [...share(`comments_${limit}`, data.comments?.length ?? 0), ...(data.comments === undefined ? missing : [])]);
    const replies = (data.comments ?? []).reduce((sum, comment) => sum + (comment.replies?.length ?? 0), 0);
    if (query['includeReplies'] === 'true') allowed.set('replies', share(`replies_${limit}`, replies));
  }
  if (endpoint === '/v1/reel' && query['transcript'] !== 'false') {
    const id = data.transcript?.source === 'hosted' ? 'transcript_hosted' : 'transcript_provider';
    allowed.set('transcript', data.transcript == null ? [0] : [at(id, 'miss'), at(id, 'hit')]);
  }
  if (query['parse'] !== undefined) {
    const state = parse?.cache?.status;
    const price = (id: PriceId) => (state === undefined || parse?.status !== 'ok' ? [0] : [at(id, state)]);
    const included = parse?.sample?.included ?? 0;
    const step = included <= 20 ? 20 : included <= 100 ? 100 : 200;
    if (isComments) allowed.set('comment_parse', price(`comment_parse_${step}`));
    else {
      allowed.set('media_parse', price(parsePrice(query['parse'])));
      // Only its own line says whether a summary included comments.
      if (query['parse'] === 'summary' && limit !== null) allowed.set('comment_parse', [0, ...price(`comment_parse_${step}`)]);
    }
  }
  return allowed;
}

function commentLimit({ endpoint, query }: PaidOrder): 20 | 100 | 500 | null {
  if (endpoint === '/v1/comments') return query['limit'] === '500' ? 500 : query['limit'] === '20' ? 20 : 100;
  if (query['comments'] !== 'latest') return null;
  return query['commentLimit'] === '100' ? 100 : 20;
}

function parsePrice(mode: string): PriceId {
  return mode === 'summary' ? 'media_parse_summary' : mode === 'tldr' ? 'media_parse_tldr' : 'media_parse_json';
}

function at(id: PriceId, state: CopyStatus): number {
  // From the published rows, not from the table that the service prices by.
  const row = PRICE_CARD.items.find((item) => item.id === id);
  if (row === undefined) throw new Error(`no price for ${id}`);
  switch (state) {
    case 'miss':
      return row.freshMicroCredits;
    case 'hit':
      return row.cachedMicroCredits;
    case 'stale':
      return row.staleMicroCredits ?? row.cachedMicroCredits;
  }
}
