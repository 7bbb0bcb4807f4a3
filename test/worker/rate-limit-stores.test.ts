import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createObjectLimiter } from '../../src/limits/durable-object-limiter.ts';
import { FREE_MISSES } from '../../src/limits/miss-allowance.ts';
import { createTimedLimiter } from '../../src/limits/limiter.ts';
import { createUpstashLimiter } from '../../src/limits/upstash-limiter.ts';
import { countsExactly } from '../support/rate-limit-store.ts';
import { useRateLimitObjects } from '../support/rate-limit-objects.ts';
import { processRateLimits } from '../support/rate-limits.ts';
import { hasRedis, type Redis, startRedis } from '../support/redis.ts';
import { startUpstashBridge, type UpstashBridge } from '../support/upstash-bridge.ts';

const inProcess = processRateLimits();
countsExactly({
  name: 'the core of the Durable Object in this process',
  limiter: () => createObjectLimiter(inProcess),
  setTime: () => undefined,
});

const objects = useRateLimitObjects();
countsExactly({ name: 'the Durable Object in workerd', limiter: () => createObjectLimiter(objects()), setTime: () => undefined });

describe('an object in workerd', () => {
  test('counts misses, parallel ones too', async () => {
    const account = objects().getByName('misses:one');
    const verdicts = await Promise.all(Array.from({ length: FREE_MISSES + 5 }, (_none, index) => account.askTarget(`target ${index}`)));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(FREE_MISSES);
    for (let index = 0; index < FREE_MISSES; index += 1) await account.endTarget(`target ${index}`, 'missed');
    expect(await account.askTarget('one more')).toMatchObject({ allowed: false, missed: FREE_MISSES, inProgress: 0 });
    await account.endTarget('a hit', 'paid');
    expect(await account.askTarget('one more')).toEqual({ allowed: true });
  });

  test('lets one caller at a time begin', async () => {
    const lease = objects().getByName('lease:one');
    expect([await lease.lease(60_000), await lease.lease(60_000)]).toEqual([true, false]);
    await lease.endLease(0);
    expect(await lease.lease(60_000)).toBe(true);
  });
});

describe.skipIf(!hasRedis)('on a real Redis', () => {
  let redis: Redis | undefined;
  let bridge: UpstashBridge | undefined;
  beforeAll(async () => {
    redis = await startRedis();
    bridge = await startUpstashBridge(redis.url);
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(async () => {
    await bridge?.stop();
    await redis?.stop();
  });

  const running = () => {
    if (bridge === undefined) throw new Error('the bridge has not started');
    return bridge;
  };
  const limiterOf = (refused = new Map<string, number>(), timeoutMs = 10_000) =>
    createUpstashLimiter({ url: running().url, token: running().token, timeoutMs, refused });
  // The library asks the runtime for the time. Timers stay real.
  const setTime = (now: number) => void vi.useFakeTimers({ toFake: ['Date'], now });

  countsExactly({ name: 'Upstash Redis', limiter: () => limiterOf(), setTime });

  test('remembers who is over the limit, without asking the store again until the window ends', async () => {
    const quota = { name: 'remembered', limit: 1, windowSeconds: 60 };
    const now = Date.UTC(2026, 10, 22, 9, 30, 20);
    setTime(now);
    const limiter = limiterOf();
    await limiter.take(quota, 'one', now);
    await limiter.take(quota, 'one', now);
    running().take();
    expect(await limiter.take(quota, 'one', now)).toEqual({ allowed: false, limit: 1, remaining: 0, resetSeconds: 40 });
    expect(running().take()).toBe(0);
    setTime(now + 40_001);
    expect((await limiter.take(quota, 'one', now + 40_001)).allowed).toBe(true);
    expect(running().take()).toBe(1);
  });

  test('rejects when the store is slow, refuses the token, or is gone', async () => {
    const quota = { name: 'troubled', limit: 1, windowSeconds: 60 };
    running().pause();
    await expect(createTimedLimiter(limiterOf(), 100).take(quota, 'one', Date.now())).rejects.toThrow('in time');
    await expect(limiterOf(new Map(), 100).take(quota, 'one', Date.now())).rejects.toThrow('timeout');
    running().resume();
    const { url } = running();
    const stranger = createUpstashLimiter({ url, token: 'wrong', timeoutMs: 5_000, refused: new Map() });
    await expect(stranger.take(quota, 'one', Date.now())).rejects.toThrow('Unauthorized');
    const nowhere = createUpstashLimiter({ url: 'http://127.0.0.1:9', token: 'any', timeoutMs: 5_000, refused: new Map() });
    await expect(nowhere.take(quota, 'one', Date.now())).rejects.toThrow('fetch failed');
  });
});
