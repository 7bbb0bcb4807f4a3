import type { Clock } from '../../core/clock.ts';
import type { Budget } from '../../net/deadline.ts';

/**
 * The most upstream calls that one read of comments makes. A Worker on the free plan has 50 subrequests; ten are left for the
 * database, the cache, the post itself and a provider that failed before. 500 comments at 15 a page take 34.
 */
export const MAX_COMMENT_CALLS = 40;

/** No page is asked for with less time left, in milliseconds: it would rarely arrive in time, and may be billed all the same. */
export const MIN_PAGE_TIME_MS = 1_500;

/** What one read of comments may still do. */
export type CallBudget = {
  /** Uses up one call, if there is one left and the time for it; false otherwise. */
  readonly take: () => boolean;
  readonly hasTime: () => boolean;
};

/** A full calls of calls until the budget's deadline. */
export function createCallBudget(budget: Budget, clock: Clock): CallBudget {
  let left = MAX_COMMENT_CALLS;
  const hasTime = (): boolean => budget.deadlineAt - clock() >= MIN_PAGE_TIME_MS;
  const take = (): boolean => {
    if (left === 0 || !hasTime()) return false;
    left -= 1;
    return true;
  };
  return { take, hasTime };
}
