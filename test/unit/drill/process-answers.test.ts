import { describe, expect, test } from 'vitest';
import { ANSWER_PROMISES, checkAnswers, type Outage, type Round } from '../../drill/process-answers.ts';
import { type Call, judge, type Outcome, type WireAnswer } from '../../drill/paid-call.ts';

const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WireAnswer => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  text: typeof body === 'string' ? body : JSON.stringify(body),
});

const overloaded = {
  code: 'overloaded',
  message: 'm',
  requestId: 'req_1',
  retryable: true,
  billed: false,
  remedy: 'r',
  retryAfterSeconds: 2,
  docUrl: 'u',
};

describe('an answer is judged', () => {
  test('as paid by its receipt, and as refused by the taxonomy', () => {
    expect(judge(answer(200, { usage: { receiptId: 'req_1', settledMicroCredits: 1_000 } }))).toMatchObject({
      kind: 'paid',
      settled: 1_000,
    });
    expect(judge(answer(503, { error: overloaded }, { 'retry-after': '5' }))).toEqual({
      kind: 'refused',
      code: 'overloaded',
      requestId: 'req_1',
    });
  });

  test.each([
    ['a page of the runtime', answer(500, '<h1>broken</h1>')],
    ['JSON of another content type', answer(503, { error: overloaded }, { 'content-type': 'text/plain', 'retry-after': '5' })],
    ['a 200 without a receipt', answer(200, { data: {} })],
    ['an unknown code', answer(500, { error: { ...overloaded, code: 'oops' } })],
    ['a code under the status of another', answer(500, { error: overloaded }, { 'retry-after': '5' })],
    ['no request id', answer(503, { error: { ...overloaded, requestId: '' } }, { 'retry-after': '5' })],
    ['no word of when to come back', answer(503, { error: overloaded })],
  ])('as foreign for %s', (_, wire) => {
    expect(judge(wire).kind).toBe('foreign');
  });
});

const BOUNDS = { callMs: 10_000, recoveryMs: 10_000 };
const round = (changes: Partial<Round> = {}): Round => ({
  fault: 'a fault',
  isHarmless: false,
  brokenAt: 1_000,
  recoveryMs: 5,
  ...changes,
});

function call(outcome: Outcome, changes: Partial<Call> = {}): Call {
  const [path, shortcode] = ['/v1/post?url=DemoImage01', 'DemoImage01'];
  const seen = { during: 'a fault', startedAt: 2_000, endedAt: 2_010, outcome };
  return { accountId: 'acct_1', apiKey: 'igsk_1', path, shortcode, onceKey: null, ...seen, ...changes };
}

function broken(calls: readonly Call[], rounds: readonly Round[] = [round()], outages: readonly Outage[] = []): readonly string[] {
  const { promises } = checkAnswers(calls, rounds, outages, BOUNDS);
  const missed = new Set(promises.filter(({ broken }) => broken > 0).map(({ promise }) => promise));
  return Object.entries(ANSWER_PROMISES).flatMap(([name, promise]) => (missed.has(promise) ? [name] : []));
}

describe('the check of answers finds', () => {
  const refused: Outcome = { kind: 'refused', code: 'overloaded', requestId: 'req_1' };
  const cut: Outcome = { kind: 'unanswered', mayHaveArrived: true, endedBy: 'service' };

  test('nothing in refusals during a fault, and in a connection that was cut while workerd was dead', () => {
    expect(broken([call(refused), call(cut)], [round()], [{ from: 2_005, until: 3_000 }])).toEqual([]);
    expect(broken([call(refused, { during: 'calm', startedAt: 900, endedAt: 1_100 })])).toEqual([]);
    expect(broken([call({ ...cut, endedBy: 'caller' })])).toEqual([]);
    const next = round({ fault: 'the next fault', brokenAt: 2_005 });
    expect(broken([call(refused)], [round({ isHarmless: true }), next])).toEqual([]);
  });

  test('nothing in a key that is still in flight after a call without an answer, until all is over', () => {
    const left = call({ ...cut, endedBy: 'caller' }, { onceKey: 'key' });
    const inFlight: Outcome = { kind: 'refused', code: 'idempotency_in_flight', requestId: 'req_2' };
    const again = (changes: Partial<Call>) => broken([left, call(inFlight, { onceKey: 'key', ...changes })]);
    expect(again({ during: 'calm' })).toEqual([]);
    expect(again({ during: 'calm', onceKey: 'another' })).toEqual(['calm']);
    expect(again({ during: 'calm', accountId: 'acct_2' })).toEqual(['calm']);
    expect(again({ during: 'repeats' })).toEqual(['calm']);
  });

  test.each<[string, Call, Round]>([
    ['explained', call({ kind: 'foreign', what: '500: no JSON' }), round()],
    ['explained', call({ kind: 'refused', code: 'internal', requestId: 'req_1' }), round()],
    ['connected', call(cut), round()],
    ['bounded', call({ kind: 'hung' }), round()],
    ['bounded', call(refused, { endedAt: 12_001 }), round()],
    ['goesOn', call(refused), round({ isHarmless: true })],
    ['calm', call(refused, { during: 'calm' }), round()],
    ['calm', call(refused, { during: 'repeats' }), round()],
    ['recovered', call(refused), round({ recoveryMs: 10_001 })],
  ])('%s broken', (promise, seen, played) => {
    expect(broken([seen], [played])).toEqual([promise]);
  });
});
