import { describe, expect, test } from 'vitest';
import { type CircuitMemory, createCircuit } from '../../../src/providers/circuit-breaker.ts';
import type { ProviderFailureKind, ProviderId } from '../../../src/providers/provider.ts';

const all = [{ id: 'scrapecreators' }, { id: 'hikerapi' }, { id: 'apify' }] as const;
const usual: readonly ProviderId[] = ['scrapecreators', 'hikerapi', 'apify'];
const START = 1_000_000;

/** A circuit of one isolate with a movable clock that records deprioritized providers. */
function circuitAt(part: 'media' | 'comments' = 'media', memory: CircuitMemory = new Map()) {
  const deprioritized: ProviderId[] = [];
  const circuit = createCircuit({ part, memory, onDeprioritized: (id) => deprioritized.push(id) });
  let now = START;
  return {
    memory,
    later: (ms: number) => (now += ms),
    order: (providers: readonly { readonly id: ProviderId }[] = all) => circuit.order(providers, now).map(({ id }) => id),
    fail: (id: ProviderId, times: number, failure: ProviderFailureKind | null = 'server_error', hadMs = 20_000) => {
      for (let count = 1; count <= times; count += 1) circuit.record(id, { failure, hadMs }, now);
    },
    takeDeprioritized: () => deprioritized.splice(0),
  };
}

describe('a provider that failed five times in a row', () => {
  test('is asked after the others, and not earlier', () => {
    const at = circuitAt();
    at.fail('scrapecreators', 4);
    expect([at.order(), at.takeDeprioritized()]).toEqual([usual, []]);
    at.fail('scrapecreators', 1);
    expect([at.order(), at.takeDeprioritized()]).toEqual([['hikerapi', 'apify', 'scrapecreators'], ['scrapecreators']]);
  });

  test.each(['blocked', 'rate_limited', 'out_of_credit', 'misconfigured', 'timed_out', 'server_error'] as const)(
    'is deprioritized after %s',
    (failure) => {
      const at = circuitAt();
      at.fail('scrapecreators', 5, failure);
      expect(at.order()[2]).toBe('scrapecreators');
    },
  );

  test('keeps its place when a delivery or a definite answer came between', () => {
    for (const between of [null, 'not_found', 'private', 'login_required', 'age_restricted', 'unavailable'] as const) {
      const at = circuitAt();
      at.fail('scrapecreators', 4);
      at.fail('scrapecreators', 1, between);
      at.fail('scrapecreators', 4);
      expect(at.order(), String(between)).toEqual(usual);
    }
  });

  test('keeps its place after failures that one post can cause or calls without time; these do not end a streak either', () => {
    const at = circuitAt();
    at.fail('scrapecreators', 9, 'bad_response');
    at.fail('scrapecreators', 9, 'timed_out', 4_999);
    expect(at.order()).toEqual(usual);
    at.fail('scrapecreators', 4);
    at.fail('scrapecreators', 1, 'bad_response');
    at.fail('scrapecreators', 1);
    expect(at.order()[2]).toBe('scrapecreators');
  });

  test('keeps its place when the failures are minutes apart', () => {
    const at = circuitAt();
    for (let count = 1; count <= 9; count += 1) {
      at.fail('scrapecreators', 1);
      at.later(60_001);
    }
    expect(at.order()).toEqual(usual);
  });

  test('is retried by one read after twenty seconds: success restores it, failure restarts the wait', () => {
    const at = circuitAt();
    at.fail('scrapecreators', 5);
    at.later(19_999);
    expect(at.order()[0]).toBe('hikerapi');
    at.later(1);
    expect([at.order(), at.order()]).toEqual([usual, ['hikerapi', 'apify', 'scrapecreators']]);
    at.fail('scrapecreators', 1);
    at.later(19_999);
    expect(at.order()[0]).toBe('hikerapi');
    at.later(1);
    expect(at.order()).toEqual(usual);
    at.fail('scrapecreators', 1, null);
    expect([at.order(), at.order()]).toEqual([usual, usual]);
    at.fail('scrapecreators', 4);
    expect(at.order()).toEqual(usual);
  });

  test('is asked in its turn when all are unhealthy, and when there is no other', () => {
    const at = circuitAt();
    for (const id of usual) at.fail(id, 5);
    expect([at.order(), at.takeDeprioritized()]).toEqual([usual, []]);
    expect(at.order([{ id: 'apify' }])).toEqual(['apify']);
  });

  test('keeps its place for other parts of a read', () => {
    const memory: CircuitMemory = new Map();
    circuitAt('media', memory).fail('scrapecreators', 5);
    expect(circuitAt('comments', memory).order()).toEqual(usual);
    // Another request of the same isolate.
    expect(circuitAt('media', memory).order()[0]).toBe('hikerapi');
  });
});
