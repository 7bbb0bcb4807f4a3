import { describe, expect, test } from 'vitest';
import {
  createMissCounter,
  FREE_MISSES,
  type MissCounts,
  type MissVerdict,
  type TargetOutcome,
} from '../../../src/limits/miss-allowance.ts';

const NOW = Date.UTC(2026, 10, 22, 9, 30, 20);
const HOUR_MS = 3_600_000;

/** The counter of one account, with the clock of its object. */
function account() {
  let now = NOW;
  let kept: MissCounts | undefined;
  const storage = {
    load: async () => kept,
    save: async (counts: MissCounts) => void (kept = counts),
    pause: async () => undefined,
    forgetAt: async () => undefined,
    clear: async () => undefined,
  };
  let counter = createMissCounter(storage, () => now);
  let targets = 0;
  const read = async (outcome: TargetOutcome, target = `target ${(targets += 1)}`): Promise<MissVerdict> => {
    const verdict = await counter.askTarget(target);
    if (verdict.allowed) await counter.endTarget(target, outcome);
    return verdict;
  };
  return {
    read,
    /** How many of so many reads were let through. */
    pass: async (outcome: TargetOutcome, times: number) => {
      let passed = 0;
      for (let sent = 0; sent < times; sent += 1) if ((await read(outcome)).allowed) passed += 1;
      return passed;
    },
    ask: (target: string) => counter.askTarget(target),
    end: (target: string, outcome: TargetOutcome) => counter.endTarget(target, outcome),
    advance: (ms: number) => (now += ms),
    restart: () => (counter = createMissCounter(storage, () => now)),
  };
}

describe('what an account may look for and not find', () => {
  test('is so much in an hour, and says when there is room again', async () => {
    const one = account();
    expect(await one.pass('missed', 30)).toBe(30);
    one.advance(20 * 60_000);
    expect(await one.pass('missed', 200)).toBe(FREE_MISSES - 30);
    const refused = await one.read('missed');
    // The first 30 were counted in the minute that began 20 seconds before them.
    expect(refused).toEqual({
      allowed: false,
      allowance: FREE_MISSES,
      missed: FREE_MISSES,
      inProgress: 0,
      retryAfterSeconds: 40 * 60 - 20,
    });
    one.advance((40 * 60 - 20) * 1_000 - 1);
    expect((await one.read('missed')).allowed).toBe(false);
    one.advance(1);
    expect(await one.pass('missed', 200)).toBe(30);
  });

  test('grows with each paid read of the hour, and no other read uses it up', async () => {
    const one = account();
    expect(await one.pass('missed', 200)).toBe(FREE_MISSES);
    await one.end('a hit', 'paid');
    await one.end('another', 'paid');
    expect(await one.pass('missed', 200)).toBe(2);
    one.advance(HOUR_MS);
    expect(await one.pass('neither', 500)).toBe(500);
    expect(await one.pass('paid', 500)).toBe(500);
    expect(await one.pass('missed', 900)).toBe(FREE_MISSES + 500);
  });

  test('is exact when 200 are asked for at once: what is being read may miss', async () => {
    const one = account();
    const verdicts = await Promise.all(Array.from({ length: 200 }, (_, index) => one.ask(`parallel ${index}`)));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(FREE_MISSES);
    expect(verdicts.at(-1)).toEqual({ allowed: false, allowance: FREE_MISSES, missed: 0, inProgress: FREE_MISSES, retryAfterSeconds: 1 });
    for (let index = 0; index < FREE_MISSES; index += 1) await one.end(`parallel ${index}`, 'paid');
    expect(await one.pass('missed', 200)).toBe(2 * FREE_MISSES);
  });

  test('counts readers of one target at the same time once', async () => {
    const one = account();
    for (let reader = 0; reader < 100; reader += 1) expect((await one.ask('the same')).allowed).toBe(true);
    for (let reader = 0; reader < 100; reader += 1) await one.end('the same', 'missed');
    expect(await one.pass('missed', 200)).toBe(FREE_MISSES - 1);
  });

  test('forgets a read that never reported its end', async () => {
    const one = account();
    for (let index = 0; index < FREE_MISSES; index += 1) await one.ask(`lost ${index}`);
    expect((await one.read('missed')).allowed).toBe(false);
    one.advance(60_001);
    expect((await one.read('missed')).allowed).toBe(true);
  });

  test('is remembered over a restart, and changed by no jump of the clock for longer than it lasts', async () => {
    const one = account();
    await one.pass('missed', FREE_MISSES);
    one.restart();
    expect((await one.read('missed')).allowed).toBe(false);
    for (const jump of [24 * HOUR_MS, -24 * HOUR_MS]) {
      one.advance(jump);
      expect(await one.pass('missed', FREE_MISSES)).toBe(FREE_MISSES);
      one.advance(-jump);
      expect((await one.read('missed')).allowed, `after ${jump}`).toBe(false);
    }
    one.advance(HOUR_MS);
    expect(await one.pass('missed', 200)).toBe(FREE_MISSES);
  });
});
