import { describe, expect, test } from 'vitest';
import type { Allowance, RateLimiter } from '../../src/limits/limiter.ts';
import type { Quota } from '../../src/limits/policies.ts';

/** A store that counts, as the guarantees that all of them share need to know it. */
export type LimiterUnderTest = {
  readonly name: string;
  readonly limiter: () => RateLimiter;
  /** Moves the time that the store sees, in milliseconds since the epoch, where it doesn't take the one it is handed. */
  readonly setTime: (now: number) => void;
};

const minute = 60_000;

/** In the middle of nothing: 20 seconds into a minute, and far from the beginning of a day. */
const NOW = Date.UTC(2026, 10, 22, 9, 30, 20);

let names = 0;

/** A quota that nothing else has counted against. */
function quotaOf(limit: number, windowSeconds = 60): Quota {
  names += 1;
  return { name: `quota-${names}`, limit, windowSeconds };
}

/** Gives a store the tests that all stores must pass. */
export function countsExactly({ name, limiter, setTime }: LimiterUnderTest): void {
  describe(`rate limits counted by ${name}`, () => {
    const take = (quota: Quota, now = NOW, subject = 'one'): Promise<Allowance> => {
      setTime(now);
      return limiter().take(quota, subject, now);
    };

    test('let exactly the quota pass, count down to none, and refuse the rest', async () => {
      const quota = quotaOf(3);
      const answers = [];
      for (let index = 0; index < 5; index += 1) answers.push(await take(quota));
      expect(answers.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
        [false, 0],
      ]);
      expect(answers.every(({ limit }) => limit === 3)).toBe(true);
    });

    test('let exactly the quota pass when 100 come at once', async () => {
      const quota = quotaOf(37);
      const answers = await Promise.all(Array.from({ length: 100 }, () => take(quota)));
      const allowed = answers.filter((answer) => answer.allowed);
      expect(allowed).toHaveLength(37);
      expect(allowed.map(({ remaining }) => remaining).sort((a, b) => a - b)).toEqual(Array.from({ length: 37 }, (_, index) => index));
      expect((await take(quota)).allowed).toBe(false);
    });

    test('say when the window ends, rounded up to whole seconds, and begin anew then and not before', async () => {
      const quota = quotaOf(1);
      expect(await take(quota, NOW)).toEqual({ allowed: true, limit: 1, remaining: 0, resetSeconds: 40 });
      expect(await take(quota, NOW + 500)).toMatchObject({ allowed: false, resetSeconds: 40 });
      expect(await take(quota, NOW + 39_999)).toMatchObject({ allowed: false, resetSeconds: 1 });
      expect(await take(quota, NOW + 40_000)).toEqual({ allowed: true, limit: 1, remaining: 0, resetSeconds: 60 });
      expect(await take(quota, NOW + 40_000)).toMatchObject({ allowed: false });
      expect(await take(quota, NOW + 10 * minute)).toMatchObject({ allowed: true });
    });

    test('count days in days', async () => {
      const quota = quotaOf(2, 86_400);
      const halfPastNine = 9 * 3_600 + 30 * 60 + 20;
      expect(await take(quota)).toMatchObject({ allowed: true, resetSeconds: 86_400 - halfPastNine });
      expect(await take(quota, NOW + 60 * minute)).toMatchObject({ allowed: true });
      expect(await take(quota, NOW + 120 * minute)).toMatchObject({ allowed: false });
      expect(await take(quota, NOW + 24 * 60 * minute)).toMatchObject({ allowed: true });
    });

    test('keep subjects and policies apart', async () => {
      const quota = quotaOf(1);
      expect((await take(quota, NOW, 'one')).allowed).toBe(true);
      expect((await take(quota, NOW, 'two')).allowed).toBe(true);
      expect((await take(quotaOf(1), NOW, 'one')).allowed).toBe(true);
      expect((await take(quota, NOW, 'one')).allowed).toBe(false);
      expect((await take(quota, NOW, 'two')).allowed).toBe(false);
    });

    test('take from a quota and the one it shares with others, and from neither where one is used up', async () => {
      const [own, all] = [quotaOf(3), quotaOf(4)];
      const takeAs = (subject: string) => {
        setTime(NOW);
        return limiter().takeBoth({ quota: own, subject }, { quota: all, subject: 'family' }, NOW);
      };
      const told = async (subject: string) => {
        const taken = await takeAs(subject);
        return [taken.own.allowed, taken.all?.allowed ?? null, taken.all?.remaining ?? null];
      };
      expect(await told('one')).toEqual([true, true, 3]);
      expect(await told('one')).toEqual([true, true, 2]);
      expect(await told('one')).toEqual([true, true, 1]);
      expect(await told('one')).toEqual([false, null, null]);
      expect(await told('one')).toEqual([false, null, null]);
      expect(await told('two')).toEqual([true, true, 0]);
      expect(await told('two')).toEqual([true, false, 0]);
    });

    test('let exactly the shared quota pass when 100 come at once from several', async () => {
      const [own, all] = [quotaOf(30), quotaOf(37)];
      setTime(NOW);
      const subjects = ['one', 'two', 'three', 'four'];
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          limiter().takeBoth({ quota: own, subject: subjects[index % 4] ?? '' }, { quota: all, subject: 'crowd' }, NOW),
        ),
      );
      expect(answers.filter((taken) => taken.all?.allowed === true)).toHaveLength(37);
    });

    test('count what one limiter let pass in another that shares the store', async () => {
      const quota = quotaOf(2);
      setTime(NOW);
      const [first, second] = [limiter(), limiter()];
      expect((await first.take(quota, 'one', NOW)).allowed).toBe(true);
      expect((await second.take(quota, 'one', NOW)).allowed).toBe(true);
      expect((await first.take(quota, 'one', NOW)).allowed).toBe(false);
      expect((await second.take(quota, 'one', NOW)).allowed).toBe(false);
    });
  });
}
