import { err, ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Checked, CheckFailure, TopUpAlarm, TopUpCheck } from './sync.ts';
import type { TopUpName, TopUps } from './top-ups.ts';

/** The orders of one shard, and the check that books there. */
export type ShardOrders = { readonly topUps: Pick<TopUps, 'find'>; readonly check: TopUpCheck };

/**
 * The check of orders that may be in any shard: what the payment service says of a session or an intent names no shard that could be
 * trusted. All are asked at once who knows the order, and the first that does looks at it, so one that is down holds up only its own.
 * What none of them knows is offered to each in turn, because the one that has the account may adopt it; an alarm counts only when none
 * does. While a shard can't be asked, nothing is said about an order that the others don't know. `allShards` is called when they are needed,
 * `own` is the check of the cron's shard, and the only one where there is one shard.
 */
export function createAnyShardCheck(allShards: () => readonly ShardOrders[], own: TopUpCheck): TopUpCheck {
  return {
    async byHint(hint) {
      if (hint.about === null) return NOT_OURS;
      const shards = allShards();
      if (shards.length === 1) return own.byHint(hint);
      const knower = await whoKnows(shards, hint.about);
      if (!knower.ok) return knower;
      return knower.value === null ? inTurn(shards, (check) => check.byHint(hint)) : knower.value.byHint(hint);
    },
    async bySession(sessionId) {
      const shards = allShards();
      if (shards.length === 1) return own.bySession(sessionId);
      const knower = await whoKnows(shards, { sessionId });
      if (!knower.ok) return knower;
      return knower.value === null ? NOT_OURS : knower.value.bySession(sessionId);
    },
    byOrder: (order) => own.byOrder(order),
  };
}

const NOT_OURS = ok({ order: null, alarm: null });

/** The check of the first shard that answers that it has the order; null when all have answered and none has it. */
function whoKnows(shards: readonly ShardOrders[], name: TopUpName): Promise<Result<TopUpCheck | null, Unreachable>> {
  return new Promise((resolve, reject) => {
    const asked = shards.map(async ({ topUps, check }) => {
      const found = await topUps.find(name);
      if (found.ok && found.value !== null) resolve(ok(check));
      return found.ok;
    });
    Promise.all(asked).then((answered) => resolve(answered.every(Boolean) ? ok(null) : err({ kind: 'unreachable' })), reject);
  });
}

async function inTurn(
  shards: readonly ShardOrders[],
  look: (check: TopUpCheck) => Promise<Result<Checked, CheckFailure>>,
): Promise<Result<Checked, CheckFailure>> {
  let alarm: TopUpAlarm | null = null;
  for (const { check } of shards) {
    const looked = await look(check);
    if (!looked.ok || looked.value.order !== null) return looked;
    alarm = looked.value.alarm ?? alarm;
  }
  return ok({ order: null, alarm });
}
