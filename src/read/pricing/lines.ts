import type { PricedLine, SettledLine } from '../../billing/ledger/ledger.ts';
import { type LineItem, type Price, type PriceCard, type PriceId, priceOf } from '../../billing/price-card.ts';
import type { CommentBatch } from '../../providers/provider.ts';
import { type MicroCredits, microCredits, ZERO } from '../../core/money.ts';
import type { Outcome } from '../delivery.ts';
import type { CacheStatus, CommentLimit, Want } from '../want.ts';
import type { Plan } from '../plan.ts';

/** What can be asked for at all, as configured: what can't be delivered is not held for. */
export type Sellable = { readonly providerTranscripts: boolean; readonly hostedTranscripts: boolean; readonly parse: boolean };

/**
 * The most a read may cost, line by line: a part at hand at its cached price, a missing one at its fresh price. Parts that can only
 * cost nothing have no line.
 */
export function quote(card: PriceCard, plan: Plan, sellable: Sellable): PricedLine[] {
  const { want } = plan;
  const lines: [LineItem, MicroCredits][] = [];
  if (plan.media !== null) lines.push(['media', at(priceOf(card, 'media'), plan.media.hit === null ? 'miss' : 'hit')]);
  if (plan.comments !== null && want.comments !== null) {
    const { limit, includeReplies } = want.comments;
    const hit = plan.comments.hit;
    const price = priceOf(card, `comments_${limit}`);
    lines.push(['comments', hit === null ? price.fresh : shareOf(price.cached, hit.value, limit)]);
    const replies = priceOf(card, `replies_${limit}`);
    if (includeReplies) lines.push(['replies', hit === null ? replies.fresh : repliesShare(replies.cached, hit.value, limit)]);
  }
  if (plan.transcript !== null && want.main === 'media') {
    const hit = plan.transcript.hit;
    if (hit !== null) lines.push(['transcript', hit.kind === 'transcript' ? priceOf(card, 'transcript_provider').cached : ZERO]);
    else if (want.transcript === 'provider_or_hosted' && sellable.hostedTranscripts) {
      lines.push(['transcript', priceOf(card, 'transcript_hosted').fresh]);
    } else if (sellable.providerTranscripts) lines.push(['transcript', priceOf(card, 'transcript_provider').fresh]);
  }
  if (plan.parse !== null) lines.push(...parseLines(card, plan, sellable));
  return lines.filter(([, amount]) => amount > 0).map(([item, amount]) => ({ item, amount }));
}

function parseLines(card: PriceCard, plan: Plan, sellable: Sellable): [LineItem, MicroCredits][] {
  const hit = plan.parse?.hit ?? null;
  if (hit === null ? !sellable.parse : hit.kind === 'missing') return [];
  const state = hit === null ? 'miss' : 'hit';
  const ids = parsePrices(plan.want, hit?.kind === 'parsed' ? hit.usedComments : true);
  return ids.map(([item, id]) => [item, at(priceOf(card, id), state)]);
}

/** The prices of a parse: a media mode's own, and that of the comments which go into it or which it is about. */
function parsePrices(want: Want, usedComments: boolean): [LineItem, PriceId][] {
  if (want.parse === null) return [];
  if (want.main === 'comments') return [['comment_parse', `comment_parse_${want.comments.limit}`]];
  const own: [LineItem, PriceId] = ['media_parse', `media_parse_${want.parse}`];
  if (want.parse !== 'summary' || want.comments === null || !usedComments) return [own];
  return [own, ['comment_parse', `comment_parse_${want.comments.limit}`]];
}

/** What each held line came to: what was delivered at the price of where it came from; what was not, nothing, with the reason. */
export function settle(card: PriceCard, held: readonly PricedLine[], want: Want, outcome: Outcome): SettledLine[] {
  const costs = new Map<string, Omit<SettledLine, 'item'>>();
  if (outcome.media !== null) costs.set('media', priced(at(priceOf(card, 'media'), outcome.media.status), outcome.media.status));
  if (outcome.comments !== null && want.comments !== null) settleComments(card, costs, want.comments.limit, outcome.comments);
  if (outcome.transcript !== null) {
    const result = outcome.transcript;
    if (result.kind === 'missing') costs.set('transcript', { settled: ZERO, reason: result.reason });
    else {
      const price = priceOf(card, result.transcript.source === 'hosted' ? 'transcript_hosted' : 'transcript_provider');
      costs.set('transcript', priced(at(price, result.status), result.status));
    }
  }
  if (outcome.parse !== null) {
    const result = outcome.parse;
    const delivered = result.kind === 'parsed' ? new Map(parsePrices(want, result.usedComments)) : new Map<LineItem, PriceId>();
    for (const item of ['media_parse', 'comment_parse'] as const) {
      const id = delivered.get(item);
      if (result.kind === 'parsed' && id !== undefined) costs.set(item, priced(at(priceOf(card, id), result.status), result.status));
      else costs.set(item, { settled: ZERO, reason: result.kind === 'missing' ? result.reason : 'no_comments' });
    }
  }
  return held.map(({ item }) => ({ item, ...(costs.get(item) ?? { settled: ZERO, reason: 'not_delivered' }) }));
}

function settleComments(
  card: PriceCard,
  costs: Map<string, Omit<SettledLine, 'item'>>,
  limit: CommentLimit,
  outcome: NonNullable<Outcome['comments']>,
): void {
  if (outcome.kind === 'missing') {
    for (const item of ['comments', 'replies']) costs.set(item, { settled: ZERO, reason: outcome.reason });
    return;
  }
  const { value, status } = outcome.delivered;
  const reason = value.shortfall === null ? (status === 'miss' ? undefined : status) : value.shortfall;
  const withReason = (settled: MicroCredits) =>
    reason === undefined ? { settled } : { settled, reason: reason === 'hit' ? 'cached' : reason };
  costs.set('comments', withReason(shareOf(at(priceOf(card, `comments_${limit}`), status), value, limit)));
  costs.set('replies', withReason(repliesShare(at(priceOf(card, `replies_${limit}`), status), value, limit)));
}

function priced(settled: MicroCredits, status: CacheStatus): Omit<SettledLine, 'item'> {
  switch (status) {
    case 'miss':
      return { settled };
    case 'hit':
      return { settled, reason: 'cached' };
    case 'stale':
      return { settled, reason: 'stale' };
  }
}

function at(price: Price, status: CacheStatus): MicroCredits {
  switch (status) {
    case 'miss':
      return price.fresh;
    case 'hit':
      return price.cached;
    case 'stale':
      return price.stale ?? price.cached;
  }
}

/** Comments are charged by the share of the batch that came, rounded down. */
function shareOf(price: MicroCredits, batch: CommentBatch, limit: CommentLimit): MicroCredits {
  return microCredits(Math.floor((price * Math.min(batch.comments.length, limit)) / limit));
}

/** Replies are charged by the same share, and not at all when none came. */
function repliesShare(price: MicroCredits, batch: CommentBatch, limit: CommentLimit): MicroCredits {
  const some = batch.comments.some((comment) => (comment.replies?.length ?? 0) > 0);
  return some ? shareOf(price, batch, limit) : ZERO;
}
