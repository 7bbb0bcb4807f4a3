import { describe, expect, test } from 'vitest';
import { type Counter, createTimedLimiter, takeOne } from '../../../src/limits/limiter.ts';
import type { ObjectStorage } from '../../../src/limits/object-storage.ts';
import { type Counters, createRateLimitObject } from '../../../src/limits/durable-object-limiter.ts';

const quota = { name: 'tested', limit: 2, windowSeconds: 60 };
const NOW = Date.UTC(2026, 10, 22, 9, 30, 20);

describe('counting', () => {
  const DAY_MS = 86_400_000;

  /** How many of `requests` stamped at `now` pass. */
  function passing(counter: Counter | undefined, now: number, requests: number) {
    let after = counter;
    let passed = 0;
    for (let sent = 0; sent < requests; sent += 1) {
      const next = takeOne(after, quota, now);
      after = next.counter;
      if (next.allowance.allowed) passed += 1;
    }
    return { counter: after, passed };
  }

  test('is not changed for the rest of a day by one request whose clock is a day ahead, nor renewed by one that is a day behind', () => {
    let { counter } = passing(undefined, NOW + DAY_MS, 1);
    for (let minutes = 0; minutes < 60; minutes += 1) {
      const full = passing(counter, NOW + minutes * 60_000, 3);
      expect(full.passed, `minute ${minutes}`).toBe(2);
      const { counter: astray } = passing(full.counter, NOW + minutes * 60_000 - DAY_MS, 1);
      const again = passing(astray, NOW + minutes * 60_000, 3);
      expect(again.passed).toBe(0);
      ({ counter } = again);
    }
  });

  test('lets each window pass its quota once where clocks disagree at its border', () => {
    const lag = 20;
    const border = NOW + 40_000;
    let counter: Counter | undefined;
    let passed = 0;
    for (let sent = 0; sent < 20; sent += 1) {
      const next = passing(counter, sent % 2 === 0 ? border : border - lag, 1);
      ({ counter } = next);
      passed += next.passed;
    }
    expect(passed).toBe(2 * quota.limit);
    expect(passing(counter, border, 1).passed).toBe(0);
  });

  test('refuses at once after a limit was lowered below the count', () => {
    const { counter } = takeOne(undefined, quota, NOW);
    expect(takeOne(counter, { ...quota, limit: 1 }, NOW).allowance).toMatchObject({ allowed: false, remaining: 0 });
  });
});

describe('an object that counts', () => {
  function memory() {
    const done: string[] = [];
    let kept: Counters | undefined;
    let over: () => void = () => undefined;
    return {
      done,
      /** Ends the batching pause. */
      endPause: async () => {
        over();
        await new Promise((resolve) => setImmediate(resolve));
      },
      storage: {
        pause: () => new Promise<void>((resolve) => (over = resolve)),
        load: () => Promise.resolve(kept),
        save: (next: Counters) => {
          kept = next;
          done.push(`save ${next[0]?.[1].windows.at(-1)?.[1]}`);
          return Promise.resolve();
        },
        forgetAt: (time: number) => {
          done.push(`forget at ${time - NOW}`);
          return Promise.resolve();
        },
        clear: () => {
          kept = undefined;
          done.push('clear');
          return Promise.resolve();
        },
      },
    };
  }

  const objectOver = (storage: ObjectStorage<Counters>) =>
    createRateLimitObject(
      { requests: storage, misses: { ...storage, load: async () => undefined, save: async () => undefined } },
      () => NOW,
    );

  test('continues counting after a restart', async () => {
    const { storage, endPause } = memory();
    await objectOver(storage).take(quota, NOW);
    await endPause();
    const restarted = objectOver(storage);
    expect((await restarted.take(quota, NOW)).remaining).toBe(0);
    expect((await restarted.take(quota, NOW)).allowed).toBe(false);
  });

  test('saves batched counts once, and nothing for refusals', async () => {
    const { storage, done, endPause } = memory();
    const object = objectOver(storage);
    for (let index = 0; index < 4; index += 1) await object.take(quota, NOW);
    await endPause();
    expect(done).toEqual(['forget at 40000', 'save 2']);
    await object.take(quota, NOW);
    await endPause();
    expect(done).toEqual(['forget at 40000', 'save 2']);
  });

  test('schedules its deletion once per window, at its end, and saves nothing after it', async () => {
    const { storage, done, endPause } = memory();
    const object = objectOver(storage);
    await object.take(quota, NOW);
    await object.take(quota, NOW + 40_000);
    await object.forget();
    await endPause();
    expect(done).toEqual(['forget at 40000', 'forget at 100000', 'clear']);
  });
});

test('a limiter with a timeout rejects without a response, and passes a timely one through', async () => {
  const silent = { take: () => new Promise<never>(() => undefined), takeBoth: () => new Promise<never>(() => undefined) };
  const one = { quota, subject: 'one' };
  await expect(createTimedLimiter(silent, 5).take(quota, 'one', NOW)).rejects.toThrow('in time');
  await expect(createTimedLimiter(silent, 5).takeBoth(one, one, NOW)).rejects.toThrow('in time');
  const allowance = { allowed: true, limit: 2, remaining: 1, resetSeconds: 40 };
  const prompt = { take: () => Promise.resolve(allowance), takeBoth: () => Promise.resolve({ own: allowance, all: null }) };
  expect(await createTimedLimiter(prompt, 5_000).take(quota, 'one', NOW)).toBe(allowance);
  expect(await createTimedLimiter(prompt, 5_000).takeBoth(one, one, NOW)).toEqual({ own: allowance, all: null });
});
