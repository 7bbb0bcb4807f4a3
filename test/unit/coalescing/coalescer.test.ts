import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFlights, FLIGHT_LIMITS, type FlightAnswer, type FlightLimits, type Work } from '../../../src/coalescing/coalescer.ts';
import { err, ok, type Result } from '../../../src/core/result.ts';
import { NOW } from '../providers/answers.ts';

beforeEach(() => vi.useFakeTimers({ now: NOW }));
afterEach(() => vi.useRealTimers());

type Outcome = Result<unknown, unknown>;

/** Flights in which the test decides when each lands. */
function airport(limits: Partial<FlightLimits> = {}) {
  const flights = createFlights(() => Date.now(), { ...FLIGHT_LIMITS, ...limits });
  const landings: { land: (result: Outcome) => void; crash: (bug: Error) => void }[] = [];
  const work: Work = {
    fly: () => new Promise<Outcome>((land, crash) => landings.push({ land, crash })),
    tooLarge: () => err({ kind: 'too large' }),
  };
  return {
    board: (key = 'one', beganAt = Date.now()) => flights.board(key, { beganAt, deadlineAt: NOW + 25_000 }, work),
    flown: () => landings.length,
    land: (result: Outcome, index = landings.length - 1) => landings[index]?.land(result),
    crash: (bug: Error) => landings.at(-1)?.crash(bug),
  };
}

function landed(answer: FlightAnswer) {
  if (answer.kind !== 'landed') throw new Error(`the answer is ${answer.kind}`);
  return { result: JSON.parse(answer.text) as Outcome, joined: answer.joined };
}

describe('a flight', () => {
  test('is flown once for all who ask while it is under way, and only one of them has started it', async () => {
    const { board, flown, land } = airport();
    const callers = Array.from({ length: 50 }, () => board());
    expect(flown()).toBe(1);
    land(ok('the post'));
    const answers = (await Promise.all(callers)).map(landed);
    expect(answers.every(({ result }) => result.ok && result.value === 'the post')).toBe(true);
    expect(answers.filter(({ joined }) => !joined)).toHaveLength(1);
  });

  test('that fails fails for all who joined it, and the next caller starts anew', async () => {
    const { board, flown, land } = airport();
    const callers = [board(), board()];
    land(err({ kind: 'server_error' }));
    for (const answer of await Promise.all(callers)) expect(landed(answer).result).toEqual(err({ kind: 'server_error' }));
    const next = board('one', NOW - 1_000);
    expect(flown()).toBe(2);
    land(ok('the post'));
    expect(landed(await next)).toEqual({ result: ok('the post'), joined: false });
  });

  test('that runs into a bug throws for all, and the next caller starts anew', async () => {
    const { board, flown, crash, land } = airport();
    const callers = Promise.allSettled([board(), board()]);
    crash(new Error('a bug'));
    expect((await callers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = board();
    expect(flown()).toBe(2);
    land(ok('the post'));
    await next;
  });

  test('that delivered is joined by who began before it landed, for a few seconds, and by nobody who began after', async () => {
    const { board, flown, land } = airport();
    const first = board();
    await vi.advanceTimersByTimeAsync(1_000);
    land(ok('the post'));
    await first;
    expect(landed(await board('one', NOW + 999)).joined).toBe(true);
    expect(flown()).toBe(1);
    const later = board('one', NOW + 1_000);
    expect(flown()).toBe(2);
    land(ok('the post, anew'));
    expect(landed(await later)).toEqual({ result: ok('the post, anew'), joined: false });
    await vi.advanceTimersByTimeAsync(FLIGHT_LIMITS.lingerMs);
    const late = board('one', NOW);
    expect(flown()).toBe(3);
    land(ok('the post, once more'));
    await late;
    await vi.advanceTimersByTimeAsync(FLIGHT_LIMITS.lingerMs);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('takes as many callers as it may and turns the rest away at once', async () => {
    const { board, flown, land } = airport({ callers: 3 });
    const callers = Array.from({ length: 5 }, () => board());
    expect(await Promise.all(callers.slice(3))).toEqual([{ kind: 'full' }, { kind: 'full' }]);
    land(ok('the post'));
    expect((await Promise.all(callers.slice(0, 3))).map(({ kind }) => kind)).toEqual(['landed', 'landed', 'landed']);
    expect(flown()).toBe(1);
  });

  test('hands out no more than the isolate can hold, but always to the one who started it', async () => {
    const { board, land } = airport({ handedOutChars: 1_000 });
    const callers = Array.from({ length: 3 }, () => board());
    land(ok('x'.repeat(450)));
    expect((await Promise.all(callers)).map(({ kind }) => kind)).toEqual(['landed', 'landed', 'full']);
    const alone = board();
    land(ok('x'.repeat(2_000)));
    expect((await alone).kind).toBe('landed');
  });

  test('with a result that is too large to hand on ends for all with the word for that', async () => {
    const { board, land } = airport({ answerChars: 100 });
    const callers = [board(), board()];
    land(ok('x'.repeat(200)));
    for (const answer of await Promise.all(callers)) expect(landed(answer).result).toEqual(err({ kind: 'too large' }));
  });

  test('that never lands is given up for all, and the next caller starts anew', async () => {
    const { board, flown } = airport();
    const callers = [board(), board()];
    await vi.advanceTimersByTimeAsync(FLIGHT_LIMITS.flightMs);
    expect(await Promise.all(callers)).toEqual([{ kind: 'late' }, { kind: 'late' }]);
    void board();
    expect(flown()).toBe(2);
  });
});

describe('flights of one object', () => {
  test('are bounded, and what has landed makes room for what has to fly', async () => {
    const { board, flown, land } = airport({ flights: 2 });
    const first = board('first');
    const second = board('second');
    expect(await board('third')).toEqual({ kind: 'full' });
    land(ok('done'), 0);
    await first;
    const third = board('third');
    expect(flown()).toBe(3);
    land(ok('done'), 1);
    land(ok('done'), 2);
    await Promise.all([second, third]);
  });

  test('under different keys never share', async () => {
    const { board, flown, land } = airport();
    const callers = [board('first'), board('second')];
    expect(flown()).toBe(2);
    land(ok(1), 0);
    land(ok(2), 1);
    expect((await Promise.all(callers)).map(landed)).toEqual([
      { result: ok(1), joined: false },
      { result: ok(2), joined: false },
    ]);
  });
});
