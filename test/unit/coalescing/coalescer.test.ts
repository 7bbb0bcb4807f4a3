import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createCoalescer,
  COALESCER_LIMITS,
  type CoalescedAnswer,
  type CoalescerLimits,
  type Work,
} from '../../../src/coalescing/coalescer.ts';
import { err, ok, type Result } from '../../../src/core/result.ts';
import { NOW } from '../providers/answers.ts';

beforeEach(() => vi.useFakeTimers({ now: NOW }));
afterEach(() => vi.useRealTimers());

type Outcome = Result<unknown, unknown>;

/** A coalescer in which the test decides when each run completes. */
function coalescer(limits: Partial<CoalescerLimits> = {}) {
  const coalescer = createCoalescer(() => Date.now(), { ...COALESCER_LIMITS, ...limits });
  const runs: { complete: (result: Outcome) => void; crash: (bug: Error) => void }[] = [];
  const work: Work = {
    run: () => new Promise<Outcome>((complete, crash) => runs.push({ complete, crash })),
    tooLarge: () => err({ kind: 'too large' }),
  };
  return {
    join: (key = 'one', beganAt = Date.now(), account = 'an account') =>
      coalescer.join(key, { beganAt, deadlineAt: NOW + 25_000, account }, work),
    started: () => runs.length,
    complete: (result: Outcome, index = runs.length - 1) => runs[index]?.complete(result),
    crash: (bug: Error) => runs.at(-1)?.crash(bug),
  };
}

function completed(answer: CoalescedAnswer) {
  if (answer.kind !== 'completed') throw new Error(`the answer is ${answer.kind}`);
  return { result: JSON.parse(answer.text) as Outcome, joined: answer.joined };
}

describe('a coalesced request', () => {
  test('runs once for all callers that ask while it runs, and only one of them started it', async () => {
    const { join, started, complete } = coalescer();
    const callers = Array.from({ length: 50 }, () => join());
    expect(started()).toBe(1);
    complete(ok('the post'));
    const answers = (await Promise.all(callers)).map(completed);
    expect(answers.every(({ result }) => result.ok && result.value === 'the post')).toBe(true);
    expect(answers.filter(({ joined }) => !joined)).toHaveLength(1);
  });

  test('that fails fails for all followers, and the next caller starts a new run', async () => {
    const { join, started, complete } = coalescer();
    const callers = [join(), join()];
    complete(err({ kind: 'server_error' }));
    for (const answer of await Promise.all(callers)) expect(completed(answer).result).toEqual(err({ kind: 'server_error' }));
    const next = join('one', NOW - 1_000);
    expect(started()).toBe(2);
    complete(ok('the post'));
    expect(completed(await next)).toEqual({ result: ok('the post'), joined: false });
  });

  test('that throws throws for all followers, and the next caller starts a new run', async () => {
    const { join, started, crash, complete } = coalescer();
    const callers = Promise.allSettled([join(), join()]);
    crash(new Error('a bug'));
    expect((await callers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = join();
    expect(started()).toBe(2);
    complete(ok('the post'));
    await next;
  });

  test('that delivered serves callers that began before it completed, for a few seconds, and none that began after', async () => {
    const { join, started, complete } = coalescer();
    const first = join();
    await vi.advanceTimersByTimeAsync(1_000);
    complete(ok('the post'));
    await first;
    expect(completed(await join('one', NOW + 999)).joined).toBe(true);
    expect(started()).toBe(1);
    const later = join('one', NOW + 1_000);
    expect(started()).toBe(2);
    complete(ok('the post, anew'));
    expect(completed(await later)).toEqual({ result: ok('the post, anew'), joined: false });
    await vi.advanceTimersByTimeAsync(COALESCER_LIMITS.lingerMs);
    const late = join('one', NOW);
    expect(started()).toBe(3);
    complete(ok('the post, once more'));
    await late;
    await vi.advanceTimersByTimeAsync(COALESCER_LIMITS.lingerMs);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('accepts callers up to its limit and rejects the rest at once', async () => {
    const { join, started, complete } = coalescer({ callers: 3 });
    const callers = Array.from({ length: 5 }, () => join());
    expect(await Promise.all(callers.slice(3))).toEqual([{ kind: 'full' }, { kind: 'full' }]);
    complete(ok('the post'));
    expect((await Promise.all(callers.slice(0, 3))).map(({ kind }) => kind)).toEqual(['completed', 'completed', 'completed']);
    expect(started()).toBe(1);
  });

  test('sends no more than the isolate can hold, but always answers the caller that started it', async () => {
    const { join, complete } = coalescer({ sentChars: 1_000 });
    const callers = Array.from({ length: 3 }, () => join());
    complete(ok('x'.repeat(450)));
    expect((await Promise.all(callers)).map(({ kind }) => kind)).toEqual(['completed', 'completed', 'full']);
    const alone = join();
    complete(ok('x'.repeat(2_000)));
    expect((await alone).kind).toBe('completed');
  });

  test('with a result that is too large fails for all with that reason', async () => {
    const { join, complete } = coalescer({ answerChars: 100 });
    const callers = [join(), join()];
    complete(ok('x'.repeat(200)));
    for (const answer of await Promise.all(callers)) expect(completed(answer).result).toEqual(err({ kind: 'too large' }));
  });

  test('that never completes times out for all, and the next caller starts a new run', async () => {
    const { join, started } = coalescer();
    const callers = [join(), join()];
    await vi.advanceTimersByTimeAsync(COALESCER_LIMITS.runMs);
    expect(await Promise.all(callers)).toEqual([{ kind: 'late' }, { kind: 'late' }]);
    void join();
    expect(started()).toBe(2);
  });
});

describe('the coalesced requests of one object', () => {
  test('are bounded for each account, whose completed runs and joined ones do not count', async () => {
    const { join, started, complete } = coalescer({ requests: 10, requestsOfAccount: 2 });
    const first = join('first', NOW, 'greedy');
    const second = join('second', NOW, 'greedy');
    expect(await join('third', NOW, 'greedy')).toEqual({ kind: 'full', asksDirectly: true });
    const others = [join('third', NOW, 'other'), join('third', NOW, 'greedy')];
    expect(started()).toBe(3);
    complete(ok('done'), 0);
    await first;
    const fourth = join('fourth', NOW, 'greedy');
    expect(started()).toBe(4);
    for (const index of [1, 2, 3]) complete(ok('done'), index);
    await Promise.all([second, fourth, ...others]);
  });

  test('are bounded, and completed ones make room for new runs', async () => {
    const { join, started, complete } = coalescer({ requests: 2 });
    const first = join('first');
    const second = join('second');
    expect(await join('third')).toEqual({ kind: 'full', asksDirectly: true });
    complete(ok('done'), 0);
    await first;
    const third = join('third');
    expect(started()).toBe(3);
    complete(ok('done'), 1);
    complete(ok('done'), 2);
    await Promise.all([second, third]);
  });

  test('with different keys never share a run', async () => {
    const { join, started, complete } = coalescer();
    const callers = [join('first'), join('second')];
    expect(started()).toBe(2);
    complete(ok(1), 0);
    complete(ok(2), 1);
    expect((await Promise.all(callers)).map(completed)).toEqual([
      { result: ok(1), joined: false },
      { result: ok(2), joined: false },
    ]);
  });
});
