import type { Clock } from '../../core/clock.ts';
import type { Budget } from '../../net/deadline.ts';
import { smallestCallMicros } from '../list-prices.ts';
import type { CommentsOrder, ProviderId, UpstreamReceipt } from '../provider.ts';

/**
 * The most upstream calls of one read of comments. A Worker on the free plan has 50 subrequests; ten are left for the database, the cache,
 * the post and a provider that failed before. 500 comments at 15 a page take 34.
 */
export const MAX_COMMENT_CALLS = 40;

/** No page is requested with less time left: it would rarely arrive in time and may still be billed. */
export const MIN_PAGE_TIME_MS = 1_500;

/** The calls, time and money left to one kind of page. */
export type PageBudget = {
  /** Takes one call. Returns null, or what ran out: `deadline` is time or calls, `price_limit` money. */
  readonly take: () => 'deadline' | 'price_limit' | null;
  /** Corrects what a taken call was expected to cost: it may have cost nothing. */
  readonly paid: (receipt: UpstreamReceipt) => void;
  readonly hasTime: () => boolean;
};

/** Creates the budgets of one read. Comments and replies share MAX_COMMENT_CALLS and the deadline; each has its own price to pay from. */
export function createPageBudgets(
  provider: ProviderId,
  { maxCostMicros }: CommentsOrder,
  budget: Budget,
  clock: Clock,
): { readonly comments: PageBudget; readonly replies: PageBudget } {
  const callMicros = smallestCallMicros(provider);
  let callsLeft = MAX_COMMENT_CALLS;
  const hasTime = (): boolean => budget.deadlineAt - clock() >= MIN_PAGE_TIME_MS;
  const payingFrom = (maxMicros: number): PageBudget => {
    let leftMicros = maxMicros;
    const take = () => {
      if (callsLeft === 0 || !hasTime()) return 'deadline';
      if (leftMicros < callMicros) return 'price_limit';
      callsLeft -= 1;
      leftMicros -= callMicros;
      return null;
    };
    const paid = ({ estimatedCostMicros }: UpstreamReceipt): void => {
      leftMicros += callMicros - estimatedCostMicros;
    };
    return { take, paid, hasTime };
  };
  return { comments: payingFrom(maxCostMicros.comments), replies: payingFrom(maxCostMicros.replies) };
}
