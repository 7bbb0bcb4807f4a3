import { describe, expect, test } from 'vitest';
import { type Counter, createTimedLimiter, takeOne } from '../../../src/limits/limiter.ts';
import { createWindowCounter } from '../../../src/limits/durable-object-limiter.ts';

const quota = { name: 'tested', limit: 2, windowSeconds: 60 };
const NOW = Date.UTC(2026, 10, 22, 9, 30, 20);

describe('counting', () => {
  test('continues in a window that another clock has started', () => {
    const ahead = takeOne(undefined, quota, NOW + 60_000);
    const behind = takeOne(ahead.counter, quota, NOW + 39_000);
    expect(behind.allowance).toEqual({ allowed: true, limit: 2, remaining: 0, resetSeconds: 61 });
    expect(takeOne(behind.counter, quota, NOW + 60_000).allowance.allowed).toBe(false);
  });

  test('refuses at once after a limit was lowered below the count', () => {
    const { counter } = takeOne(undefined, quota, NOW);
    expect(takeOne(counter, { ...quota, limit: 1 }, NOW).allowance).toMatchObject({ allowed: false, remaining: 0 });
  });
});

describe('an object that counts', () => {
  function memory() {
    const done: string[] = [];
    let counter: Counter | undefined;
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
        load: () => Promise.resolve(counter),
        save: (next: Counter) => {
          counter = next;
          done.push(`save ${next.taken}`);
          return Promise.resolve();
        },
        forgetAt: (time: number) => {
          done.push(`forget at ${time - NOW}`);
          return Promise.resolve();
        },
        clear: () => {
          counter = undefined;
          done.push('clear');
          return Promise.resolve();
        },
      },
    };
  }

  test('continues counting after a restart', async () => {
    const { storage, endPause } = memory();
    await createWindowCounter(storage).take(quota, NOW);
    await endPause();
    const restarted = createWindowCounter(storage);
    expect((await restarted.take(quota, NOW)).remaining).toBe(0);
    expect((await restarted.take(quota, NOW)).allowed).toBe(false);
  });

  test('saves batched counts once, and nothing for refusals', async () => {
    const { storage, done, endPause } = memory();
    const object = createWindowCounter(storage);
    for (let index = 0; index < 4; index += 1) await object.take(quota, NOW);
    await endPause();
    expect(done).toEqual(['forget at 40000', 'save 2']);
    await object.take(quota, NOW);
    await endPause();
    expect(done).toEqual(['forget at 40000', 'save 2']);
  });

  test('schedules its deletion once per window, at its end, and saves nothing after it', async () => {
    const { storage, done, endPause } = memory();
    const object = createWindowCounter(storage);
    await object.take(quota, NOW);
    await object.take(quota, NOW + 40_000);
    await object.forget();
    await endPause();
    expect(done).toEqual(['forget at 40000', 'forget at 100000', 'clear']);
  });
});

test('a limiter with a timeout rejects without a response, and passes a timely one through', async () => {
  const silent = createTimedLimiter({ take: () => new Promise(() => undefined) }, 5);
  await expect(silent.take(quota, 'one', NOW)).rejects.toThrow('in time');
  const allowance = { allowed: true, limit: 2, remaining: 1, resetSeconds: 40 };
  expect(await createTimedLimiter({ take: () => Promise.resolve(allowance) }, 5_000).take(quota, 'one', NOW)).toBe(allowance);
});
