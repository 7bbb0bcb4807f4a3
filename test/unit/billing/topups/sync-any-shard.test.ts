import { describe, expect, test } from 'vitest';
import { createAnyShardCheck } from '../../../../src/billing/topups/sync-any-shard.ts';
import type { Checked, CheckFailure, TopUpCheck } from '../../../../src/billing/topups/sync.ts';
import type { TopUp } from '../../../../src/billing/topups/top-ups.ts';
import { microCredits, ZERO } from '../../../../src/core/money.ts';
import { err, ok, type Result } from '../../../../src/core/result.ts';

const order: TopUp = {
  id: 'pay_1',
  accountId: 'acct_1',
  sessionId: 'cs_1',
  intentId: null,
  currency: 'usd',
  amountCents: 100,
  credits: microCredits(1_000_000),
  target: ZERO,
  rev: 0,
  state: 'open',
  url: null,
  expiresAt: 0,
  createdAt: 0,
  updatedAt: 0,
};

type CheckResult = Result<Checked, CheckFailure>;
const found: CheckResult = ok({ order, alarm: null });
const alarmed: CheckResult = ok({ order: null, alarm: 'top_up_unknown_order' });
const foreign: CheckResult = ok({ order: null, alarm: null });
const hint = { id: 'evt_1', type: 'charge.refunded', objectId: 'cs_1', isWrongMode: false, about: { sessionId: 'cs_1' } } as const;

/** A shard that returns `knows` when asked for the order, and `checked` when asked to check it. */
function shard(knows: boolean | 'down' | 'silent', checked: CheckResult = foreign) {
  const calls: string[] = [];
  const respond = (name: string) => async () => {
    calls.push(name);
    return checked;
  };
  const check: TopUpCheck = { byHint: respond('byHint'), bySession: respond('bySession'), byOrder: respond('byOrder') };
  const find = async () => {
    calls.push('find');
    if (knows === 'silent') return new Promise<never>(() => undefined);
    return knows === 'down' ? err({ kind: 'unreachable' } as const) : ok(knows ? order : null);
  };
  return { calls, check, topUps: { find } };
}

describe('the check over all shards', () => {
  test('is made only by the shard that has the order', async () => {
    const [one, two] = [shard(false, alarmed), shard(true, found)];
    const any = createAnyShardCheck(() => [one, two], one.check);
    expect(await any.byHint(hint)).toEqual(found);
    expect(await any.bySession('cs_1')).toEqual(found);
    expect([one.calls, two.calls]).toEqual([
      ['find', 'find'],
      ['find', 'byHint', 'find', 'bySession'],
    ]);
  });

  test('does not wait for an unreachable or silent shard once another has the order', async () => {
    for (const state of ['down', 'silent'] as const) {
      const [one, two] = [shard(state), shard(true, found)];
      expect(await createAnyShardCheck(() => [one, two], one.check).byHint(hint)).toEqual(found);
      expect(await createAnyShardCheck(() => [two, one], two.check).bySession('cs_1')).toEqual(found);
    }
  });

  test('fails as unreachable for an unknown order while a shard is unreachable, because the order may be there', async () => {
    const [one, two] = [shard('down'), shard(false, alarmed)];
    const any = createAnyShardCheck(() => [one, two], one.check);
    expect(await any.byHint(hint)).toEqual(err({ kind: 'unreachable' }));
    expect(await any.bySession('cs_1')).toEqual(err({ kind: 'unreachable' }));
    expect(two.calls).toEqual(['find', 'find']);
  });

  test('lets the shard that has the account adopt a session, without an alarm', async () => {
    const [one, two] = [shard(false, alarmed), shard(false, found)];
    expect(await createAnyShardCheck(() => [one, two], one.check).byHint(hint)).toEqual(found);
  });

  test('raises an alarm when no shard has the account', async () => {
    const [one, two] = [shard(false, alarmed), shard(false, foreign)];
    expect(await createAnyShardCheck(() => [one, two], one.check).byHint(hint)).toEqual(alarmed);
  });

  test('stops when the check of a shard fails, instead of asking the next shard', async () => {
    const failed = err({ kind: 'unavailable' } as const);
    const [one, two] = [shard(false, failed), shard(false, found)];
    expect(await createAnyShardCheck(() => [one, two], one.check).byHint(hint)).toEqual(failed);
    expect(two.calls).toEqual(['find']);
  });

  test('asks no shard about an event without a session, and checks no session that no shard has', async () => {
    const [one, two] = [shard(false, alarmed), shard(false, alarmed)];
    const any = createAnyShardCheck(() => [one, two], one.check);
    expect(await any.byHint({ ...hint, about: null })).toEqual(foreign);
    expect(await any.bySession('cs_1')).toEqual(foreign);
    expect([one.calls, two.calls]).toEqual([['find'], ['find']]);
  });

  test('leaves orders of the cron, and a single shard, to their own check', async () => {
    const [one, two] = [shard(true, found), shard(true, alarmed)];
    expect(await createAnyShardCheck(() => [one, two], two.check).byOrder(order.id)).toEqual(alarmed);
    const single = createAnyShardCheck(() => [one], one.check);
    expect(await single.byHint(hint)).toEqual(found);
    expect(await single.bySession('cs_1')).toEqual(found);
    expect(one.calls).toEqual(['byHint', 'bySession']);
  });
});
