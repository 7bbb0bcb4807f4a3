import { z } from 'zod';
import { STORE_DOWN } from '../../limits/limiter.ts';
import { bucketOf } from './histogram.ts';
import type { Increment } from './series.ts';

export type RequestFacts = {
  readonly method: string;
  /** The route's pattern, never the caller's path. */
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly errorCode?: string;
  readonly cache?: string;
  readonly transcript?: string;
  readonly parse?: string;
  readonly attempts?: readonly object[];
  /** The policy with the exhausted quota, or STORE_DOWN. */
  readonly rateLimit?: string;
  /** Why the key of a request to an operator endpoint was refused. */
  readonly operatorRefusal?: string;
  /** One alarm, or several with commas between them. */
  readonly alarm?: string;
};

const Attempt = z.object({
  provider: z.string(),
  httpStatus: z.int().nullable(),
  resultCount: z.int().nonnegative(),
  estimatedCostMicros: z.int().nonnegative(),
});

/** The outcome of a provider call by its HTTP status. `empty`: a response without results, right or wrong. */
export type CallOutcome = 'ok' | 'empty' | 'not_found' | 'refused' | 'rate_limited' | 'server_error' | 'no_answer';

export const PROVIDER_FAULTS: readonly CallOutcome[] = ['refused', 'rate_limited', 'server_error', 'no_answer'];

/** Callers may send any word as a method; only these are labels. */
const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'];

export function countersOf(facts: RequestFacts): readonly Increment[] {
  const endpoint = `${METHODS.includes(facts.method) ? facts.method : 'OTHER'} ${facts.route}`;
  const outcome = facts.errorCode ?? (facts.status < 400 ? 'ok' : `status_${facts.status}`);
  const counted: Increment[] = [
    { name: 'requests', labels: { endpoint, outcome }, value: 1 },
    { name: 'request_ms', labels: { endpoint, le: bucketOf(facts.milliseconds) }, value: 1 },
    { name: 'request_ms_sum', labels: { endpoint }, value: Math.max(0, Math.round(facts.milliseconds)) },
  ];
  // A refused read says nothing about the cache.
  if (facts.cache !== undefined && facts.status < 400) counted.push({ name: 'reads', labels: { cache: facts.cache }, value: 1 });
  if (facts.transcript !== undefined) counted.push({ name: 'transcripts', labels: { outcome: facts.transcript }, value: 1 });
  if (facts.parse !== undefined) counted.push({ name: 'parses', labels: { outcome: facts.parse }, value: 1 });
  if (facts.rateLimit === STORE_DOWN) counted.push({ name: 'rate_limit_store_down', labels: {}, value: 1 });
  // A guessed key can exhaust its address' quota and still get a 401.
  else if (facts.rateLimit !== undefined && facts.errorCode === 'rate_limited')
    counted.push({ name: 'rate_limit_refusals', labels: { policy: facts.rateLimit }, value: 1 });
  else if (facts.errorCode === 'too_many_misses') counted.push({ name: 'rate_limit_refusals', labels: { policy: 'misses' }, value: 1 });
  if (facts.operatorRefusal !== undefined) counted.push({ name: 'operator_refusals', labels: { reason: facts.operatorRefusal }, value: 1 });
  counted.push(...alarmCounters(facts));
  for (const attempt of facts.attempts ?? []) {
    const call = Attempt.safeParse(attempt);
    if (!call.success) continue;
    const { provider, estimatedCostMicros } = call.data;
    counted.push({ name: 'provider_calls', labels: { outcome: outcomeOf(call.data), provider }, value: 1 });
    if (estimatedCostMicros > 0) counted.push({ name: 'provider_cost_micros', labels: { provider }, value: estimatedCostMicros });
  }
  return counted;
}

/** Counts each alarm of a request or of a scheduled run. */
export function alarmCounters({ alarm = '' }: Pick<RequestFacts, 'alarm'>): readonly Increment[] {
  return alarm
    .split(',')
    .filter((name) => name !== '')
    .map((name) => ({ name: 'alarms', labels: { alarm: name }, value: 1 }));
}

function outcomeOf({ httpStatus, resultCount }: z.infer<typeof Attempt>): CallOutcome {
  if (httpStatus === null) return 'no_answer';
  if (httpStatus === 429) return 'rate_limited';
  if (httpStatus >= 500) return 'server_error';
  if (httpStatus === 404) return 'not_found';
  if (httpStatus >= 300) return 'refused';
  return resultCount > 0 ? 'ok' : 'empty';
}
