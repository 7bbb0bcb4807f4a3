import { err, ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Checked, CheckFailure, TopUpAlarm, TopUpCheck } from './sync.ts';
import type { TopUpName, TopUps } from './top-ups.ts';

/** The orders of one shard, and the check for them. */
export type ShardOrders = { readonly topUps: Pick<TopUps, 'find'>; readonly check: TopUpCheck };

/**
 * Creates the check of orders that may be in any shard, because nothing the payment service says names a shard that could be trusted. All
 * shards are asked in parallel for the order, and the first that has it checks it, so that an unreachable shard only delays its own orders.
 * An order that no shard has is offered to each in turn, because the shard with its account may adopt it; an alarm counts only if none
 * does. While a shard is unreachable, an order unknown to the others fails as `unreachable`. `own` is the check of the cron's shard.
 */
export function createAnyShardCheck(allShards: () => readonly ShardOrders[], own: TopUpCheck): TopUpCheck {
  return {
    async byHint(hint) {
      if (hint.about === null) return NOT_OURS;
      const shards = allShards();
      if (shards.length === 1) return own.byHint(hint);
      const owning = await findShard(shards, hint.about);
      if (!owning.ok) return owning;
      return owning.value === null ? inTurn(shards, (check) => check.byHint(hint)) : owning.value.byHint(hint);
    },
    async bySession(sessionId, ask) {
      const shards = allShards();
      if (shards.length === 1) return own.bySession(sessionId, ask);
      const owning = await findShard(shards, { sessionId });
      if (!owning.ok) return owning;
      return owning.value === null ? NOT_OURS : owning.value.bySession(sessionId, ask);
    },
    byOrder: (id) => own.byOrder(id),
  };
}

const NOT_OURS = ok({ order: null, alarm: null });

/** Resolves with the check of the first shard that has the order; null once all have answered and none has it. */
function findShard(shards: readonly ShardOrders[], name: TopUpName): Promise<Result<TopUpCheck | null, Unreachable>> {
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
  run: (check: TopUpCheck) => Promise<Result<Checked, CheckFailure>>,
): Promise<Result<Checked, CheckFailure>> {
  let alarm: TopUpAlarm | null = null;
  for (const { check } of shards) {
    const checked = await run(check);
    if (!checked.ok || checked.value.order !== null) return checked;
    alarm = checked.value.alarm ?? alarm;
  }
  return ok({ order: null, alarm });
}
