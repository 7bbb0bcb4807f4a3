import type { Clock } from '../../core/clock.ts';
import type { Budget } from '../../net/deadline.ts';

/**
 * The most upstream calls of one read of comments. A Worker on the free plan has 50 subrequests; ten are left for the database, the cache,
 * the post and a provider that failed before. 500 comments at 15 a page take 34.
 */
export const MAX_COMMENT_CALLS = 40;

/** No page is requested with less time left: it would rarely arrive in time and may still be billed. */
export const MIN_PAGE_TIME_MS = 1_500;

/** The calls and time left to one read of comments. */
export type CallBudget = {
  /** Takes one call; false when no call is left or no time for it. */
  readonly take: () => boolean;
  readonly hasTime: () => boolean;
};

/** Creates a budget of MAX_COMMENT_CALLS calls until the deadline. */
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
