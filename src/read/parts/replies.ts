import { type MicroCredits, ZERO } from '../../core/money.ts';
import { ok } from '../../core/result.ts';
import type { CommentBatch } from '../../providers/provider.ts';
import type { Known, Part } from '../model/part.ts';
import { refundedLine, shareOf } from '../pricing/prices.ts';
import { commentsPart, type CommentsOutcome, shortfallReason } from './comments.ts';

type RepliesOptions = { readonly limit: 20 | 100 | 500 };

const needs = { comments: commentsPart };

type RepliesPart = Part<'replies', RepliesOptions, CommentsOutcome, Known<CommentsOutcome>, typeof needs, never>;

const withoutComments: CommentsOutcome = { kind: 'missing', reason: 'provider_failed' };

/**
 * The replies to a batch of comments. They are looked up, fetched and cached as a part of the batch, which also names what is missing of
 * them; their price is their own.
 */
export const repliesPart: RepliesPart = {
  name: 'replies',
  needs,
  isKeyedByNeeds: true,
  nothingKnown: { hit: null },
  impliedBy: ({ comments }) => (comments?.options.includeReplies === true ? { limit: comments.options.limit } : null),
  isAvailable: (deps) => commentsPart.isAvailable(deps),
  lookUp: async (_context, { needed }) => ok({ hit: needed.comments?.outcome ?? null }),
  fetch: async (_context, { needed }) => ok(needed.comments?.outcome ?? withoutComments),
  priceLines(deps, { options: { limit }, known: { hit } }) {
    const price = deps.priceCard.prices[`replies_${limit}`];
    return [{ item: 'replies', amount: hit === null ? price.miss : shareOfReplies(price.hit, hit, limit) }];
  },
  finalPrices(deps, { options: { limit }, outcome }) {
    if (outcome.kind === 'missing') return [refundedLine('replies', outcome.reason)];
    const { delivered } = outcome;
    const price = deps.priceCard.prices[`replies_${limit}`][delivered.status];
    const settled = shareOfReplies(price, outcome, limit);
    return [{ item: 'replies', settled, isFresh: delivered.status === 'miss', ...shortfallReason(delivered) }];
  },
  limitations: () => [],
  receipt: null,
  sample: ({ needed }) => ok(needed.comments?.outcome ?? withoutComments),
};

/** Each reply costs its share of the price, whatever comments they belong to, and all together at most the price. */
function shareOfReplies(price: MicroCredits, outcome: CommentsOutcome, limit: number): MicroCredits {
  return outcome.kind === 'missing' ? ZERO : shareOf(price, replyCount(outcome.delivered.value), limit);
}

function replyCount({ comments }: CommentBatch): number {
  return comments.reduce((sum, { replies }) => sum + (replies?.length ?? 0), 0);
}
