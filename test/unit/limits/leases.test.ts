import { describe, expect, test } from 'vitest';
import { createLease, createLeases } from '../../../src/limits/leases.ts';
import { processRateLimits } from '../../support/rate-limits.ts';
import { manualClock } from '../../support/database.ts';

const times = { longestMs: 60_000, pauseMs: 5_000 };

describe('what is done once at a time', () => {
  test('is done for one of 100 callers, and again when its pause is over', async () => {
    const clock = manualClock();
    const leases = createLeases(processRateLimits(clock), 1_000);
    let done = 0;
    const work = async () => (done += 1);
    const answers = await Promise.all(Array.from({ length: 100 }, () => leases.once('one', times, work)));
    expect(answers.filter((answer) => answer !== null)).toEqual([1]);
    expect(await leases.once('two', times, work)).toBe(2);
    clock.advance(times.pauseMs - 1);
    expect(await leases.once('one', times, work)).toBeNull();
    clock.advance(1);
    expect(await leases.once('one', times, work)).toBe(3);
  });

  test('may begin again after work that failed, and after one whose end was never told', async () => {
    const clock = manualClock();
    const objects = processRateLimits(clock);
    const leases = createLeases(objects, 1_000);
    await expect(leases.once('one', times, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    clock.advance(times.pauseMs);
    expect(await objects.getByName('lease:one').lease(times.longestMs)).toBe(true);
    clock.advance(times.longestMs - 1);
    expect(await leases.once('one', times, async () => 'done')).toBeNull();
    clock.advance(1);
    expect(await leases.once('one', times, async () => 'done')).toBe('done');
  });

  test('is done while the store is down, and held by no clock for longer than it is wrong', async () => {
    const clock = manualClock();
    const objects = processRateLimits(clock);
    objects.trouble = () => Promise.reject(new Error('down'));
    expect(await createLeases(objects, 1_000).once('one', times, async () => 'done')).toBe('done');
    const lease = createLease(clock);
    clock.advance(86_400_000);
    expect(await lease.lease(times.longestMs)).toBe(true);
    clock.advance(-86_400_000);
    expect(await lease.lease(times.longestMs)).toBe(true);
  });
});
