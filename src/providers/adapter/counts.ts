import { MEDIA_METRICS, type MediaMetric, type UntoldReason } from '../../instagram/facts.ts';
import type { CountFact, PostCounts, Telling } from './told-counts.ts';

type Given = number | null | undefined;

const REASONS = { filler: 'placeholder', unknown: 'unverified' } as const satisfies Record<Exclude<Telling, 'told'>, UntoldReason>;

/** Returns the counts of a post that its endpoint is known to tell, and why the other numbers are left out. */
export function toldMetrics(
  facts: PostCounts,
  given: Readonly<Partial<Record<MediaMetric, Given>>>,
): {
  readonly metrics: Partial<Record<MediaMetric, number>>;
  readonly untold: Partial<Record<MediaMetric, UntoldReason>>;
} {
  const metrics: Partial<Record<MediaMetric, number>> = {};
  const untold: Partial<Record<MediaMetric, UntoldReason>> = {};
  for (const name of MEDIA_METRICS) {
    const count = given[name];
    if (count == null) continue;
    const reason = untoldReason(facts[name], count);
    if (reason === null) metrics[name] = count;
    else untold[name] = reason;
  }
  return { metrics, untold };
}

/** Returns a count that its endpoint is known to tell; null for any other number. */
export function toldCount(fact: CountFact, count: Given): number | null {
  return count == null || untoldReason(fact, count) !== null ? null : count;
}

function untoldReason(fact: CountFact, count: number): UntoldReason | null {
  const telling = count === 0 ? (fact.zero ?? fact.is) : fact.is;
  return telling === 'told' ? null : (fact.because ?? REASONS[telling]);
}
