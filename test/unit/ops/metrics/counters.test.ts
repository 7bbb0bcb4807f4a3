import { describe, expect, test } from 'vitest';
import { createCounterBuffer } from '../../../../src/ops/metrics/counter-buffer.ts';
import { labelled, prometheusText, PROMETHEUS_METRICS } from '../../../../src/ops/metrics/prometheus.ts';
import { type Facts, providerState } from '../../../../src/ops/metrics/report.ts';
import { countersOf } from '../../../../src/ops/metrics/request-counters.ts';
import type { Increment, Sum } from '../../../../src/ops/metrics/series.ts';

const increment = (value: number, outcome = 'ok'): Increment => ({ name: 'parses', labels: { outcome }, value });

describe('the buffer of counters', () => {
  test('sums increments of the same name and labels, in any order, and writes them once', async () => {
    const written: (readonly Increment[])[] = [];
    const buffer = createCounterBuffer(async (increments) => void written.push(increments));
    const call = (labels: Increment['labels']): Increment => ({ name: 'provider_calls', labels, value: 1 });
    buffer.add([increment(1), increment(2), increment(5, 'timed_out')]);
    buffer.add([call({ provider: 'apify', outcome: 'ok' }), call({ outcome: 'ok', provider: 'apify' })]);
    expect(await buffer.flush()).toEqual({ isEmpty: true });
    expect(written).toHaveLength(1);
    expect(written[0]?.map(({ name, value }) => [name, value])).toEqual([
      ['parses', 3],
      ['parses', 5],
      ['provider_calls', 2],
    ]);
    await buffer.flush();
    expect(written).toHaveLength(1);
  });

  test('keeps what could not be written for the next flush, with what arrived meanwhile', async () => {
    const written: (readonly Increment[])[] = [];
    let isDown = true;
    const buffer = createCounterBuffer(async (increments) => {
      if (!isDown) return void written.push(increments);
      buffer.add([increment(10)]);
      throw new Error('the database is down');
    });
    buffer.add([increment(1)]);
    expect(await buffer.flush()).toEqual({ isEmpty: false });
    isDown = false;
    expect(await buffer.flush()).toEqual({ isEmpty: true });
    expect(written).toEqual([[increment(11)]]);
  });

  test.each([Number.NaN, 0.5, Infinity])('drops %d, which the database would refuse together with all other counts', async (value) => {
    const written: (readonly Increment[])[] = [];
    const buffer = createCounterBuffer(async (increments) => void written.push(increments));
    buffer.add([increment(value, 'odd'), increment(2)]);
    expect(await buffer.flush()).toEqual({ isEmpty: true });
    expect(written).toEqual([[increment(2)]]);
  });

  test('limits the number of distinct labels', async () => {
    let size = 0;
    const buffer = createCounterBuffer(async (increments) => void (size = increments.length));
    buffer.add(Array.from({ length: 3_000 }, (_, index) => increment(1, `outcome ${index}`)));
    buffer.add([increment(1, 'outcome 1')]);
    await buffer.flush();
    expect(size).toBe(2_000);
  });
});

describe('a request is counted by', () => {
  const facts = { method: 'GET', route: '/v1/post', status: 200, milliseconds: 120 };
  const call = (httpStatus: number | null, resultCount = 0) => ({ provider: 'hikerapi', httpStatus, resultCount, estimatedCostMicros: 0 });

  test('its endpoint, outcome and latency', () => {
    expect(countersOf(facts)).toEqual([
      { name: 'requests', labels: { endpoint: 'GET /v1/post', outcome: 'ok' }, value: 1 },
      { name: 'request_ms', labels: { endpoint: 'GET /v1/post', le: '250' }, value: 1 },
      { name: 'request_ms_sum', labels: { endpoint: 'GET /v1/post' }, value: 120 },
    ]);
    expect(countersOf({ ...facts, status: 502, errorCode: 'provider_unavailable', cache: 'miss' }).map(({ name }) => name)).not.toContain(
      'reads',
    );
  });

  test('the policy that refused it, and a store that was down', () => {
    const refused = countersOf({ ...facts, status: 429, errorCode: 'rate_limited', rateLimit: 'burst' });
    const passed = countersOf({ ...facts, rateLimit: 'store_down' });
    const guessed = countersOf({ ...facts, status: 401, errorCode: 'unauthorized', rateLimit: 'unknown-keys' });
    expect(guessed).toHaveLength(3);
    expect(refused.slice(3)).toEqual([{ name: 'rate_limit_refusals', labels: { policy: 'burst' }, value: 1 }]);
    expect(passed.slice(3)).toEqual([{ name: 'rate_limit_store_down', labels: {}, value: 1 }]);
    expect(countersOf({ ...facts, alarm: 'one,two' }).slice(3)).toEqual([
      { name: 'alarms', labels: { alarm: 'one' }, value: 1 },
      { name: 'alarms', labels: { alarm: 'two' }, value: 1 },
    ]);
  });

  test('OTHER for an unknown method', () => {
    expect(countersOf({ ...facts, method: 'ANY-WORD' })[0]?.labels['endpoint']).toBe('OTHER /v1/post');
  });

  test.each([
    [200, 1, 'ok'],
    [200, 0, 'empty'],
    [404, 0, 'not_found'],
    [401, 0, 'refused'],
    [302, 0, 'refused'],
    [429, 0, 'rate_limited'],
    [503, 0, 'server_error'],
    [null, 0, 'no_answer'],
  ])('a call to a provider with status %s and %d results as %s', (httpStatus, resultCount, outcome) => {
    expect(countersOf({ ...facts, attempts: [call(httpStatus, resultCount), { odd: true }] }).slice(3)).toEqual([
      { name: 'provider_calls', labels: { outcome, provider: 'hikerapi' }, value: 1 },
    ]);
  });
});

test.each([
  [false, { ok: 5 }, 'unconfigured'],
  [true, {}, 'idle'],
  [true, { ok: 9, no_answer: 1 }, 'healthy'],
  [true, { ok: 8, no_answer: 2 }, 'degraded'],
  [true, { no_answer: 4 }, 'degraded'],
  [true, { ok: 3, server_error: 3 }, 'failing'],
  [true, { not_found: 5, empty: 5 }, 'healthy'],
] as const)('a provider (configured: %s) whose last calls came to %j is %s', (isConfigured, outcomes, state) => {
  expect(providerState(isConfigured, outcomes)).toBe(state);
});

describe('the Prometheus text', () => {
  const facts = (allTime: readonly Sum[]): Facts => ({
    now: 0,
    window: '1h',
    numbers: { window: [], allTime, recent: [], open: { holds: 2, micros: 3_000_001, overdue: 1 } },
    jobs: [],
    audit: { running: null, last: null },
    configured: { providers: { apify: true }, boundaries: { achronon: false } },
  });

  test('escapes backslash, quote and line break in labels', () => {
    expect(labelled({ outcome: 'a\\b"c\nd' })).toBe('{outcome="a\\\\b\\"c\\nd"}');
    expect(labelled({})).toBe('');
  });

  test('names, explains and types every metric once, with exact sums', () => {
    const lines = prometheusText(facts([{ name: 'entry_micros', labels: { kind: 'usage' }, value: -1_234_567 }])).split('\n');
    for (const [name, { type }] of Object.entries(PROMETHEUS_METRICS)) {
      expect(lines.filter((line) => line.startsWith(`# HELP ${name} `))).toHaveLength(1);
      expect(lines.filter((line) => line === `# TYPE ${name} ${type}`)).toHaveLength(1);
    }
    expect(lines).toContain('igskill_ledger_booked_credits{kind="usage"} -1.234567');
    expect(lines).toContain('igskill_credits_open 3.000001');
    expect(lines).toContain('igskill_provider_state{provider="apify",state="idle"} 1');
  });

  test('accumulates the buckets of a histogram up to its count', () => {
    const endpoint = 'GET /v1/post';
    const text = prometheusText(
      facts([
        { name: 'requests', labels: { endpoint, outcome: 'ok' }, value: 6 },
        { name: 'request_ms', labels: { endpoint, le: '10' }, value: 1 },
        { name: 'request_ms', labels: { endpoint, le: '500' }, value: 3 },
        { name: 'request_ms', labels: { endpoint, le: '+Inf' }, value: 2 },
        { name: 'request_ms_sum', labels: { endpoint }, value: 91_500 },
      ]),
    );
    const bucket = (le: string) => new RegExp(`_bucket\\{endpoint="GET /v1/post",le="${le}"\\} (\\d+)`).exec(text)?.[1];
    expect([bucket('0.01'), bucket('0.25'), bucket('0.5'), bucket('30'), bucket('\\+Inf')]).toEqual(['1', '1', '4', '4', '6']);
    expect(text).toContain('igskill_request_duration_seconds_sum{endpoint="GET /v1/post"} 91.5\n');
    expect(text).toContain('igskill_request_duration_seconds_count{endpoint="GET /v1/post"} 6\n');
  });
});
