import { ok } from '../result.ts';
import type { Checked, CheckFailure, TopUpAlarm, TopUpCheck } from './top-up-check.ts';
import type { Result } from '../result.ts';

/**
 * The check of orders that may be in any shard: what the payment service says of a session or an intent names no shard that could be
 * trusted. Each shard is asked until one knows the order; an alarm counts only when none does.
 */
export function createAnyShardCheck(checks: readonly TopUpCheck[], own: TopUpCheck): TopUpCheck {
  const first = async (look: (check: TopUpCheck) => Promise<Result<Checked, CheckFailure>>): Promise<Result<Checked, CheckFailure>> => {
    let alarm: TopUpAlarm | null = null;
    for (const check of checks) {
      const looked = await look(check);
      if (!looked.ok || looked.value.order !== null) return looked;
      alarm = looked.value.alarm ?? alarm;
    }
    return ok({ order: null, alarm });
  };
  return {
    byHint: (hint) => first((check) => check.byHint(hint)),
    bySession: (sessionId) => first((check) => check.bySession(sessionId)),
    byOrder: (order) => own.byOrder(order),
  };
}
