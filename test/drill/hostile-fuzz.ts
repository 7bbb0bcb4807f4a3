import fc from 'fast-check';
import { breachesOf, codeOf, jsonOf, LONGEST_ANSWER_MS } from './answer-check.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { leaksIn, WRITING_MARK } from './canaries.ts';
import { asksForFault } from './hostile-addresses.ts';
import { makeCast, type Setup, signedEvent } from './hostile-cast.ts';
import type { HostileTally } from './hostile-promises.ts';
import { hostileRequests, type HostileRequest } from './hostile-requests.ts';
import { CALLER_MARK } from './hostile-texts.ts';
import type { Api, Counting, Ground } from './hostile-world.ts';
import type { Charges } from './money-check.ts';
import { outgoingProblems, type Sent } from './outgoing-check.ts';
import { type Operation, operationAt } from './published-api.ts';

/** Concurrent requests: enough to use the time of waiting ones, few enough that none times out at the database. */
const AT_A_TIME = 12;

/** The API's origin in requests. */
const ORIGIN = 'http://api.test';

/** The shape of content cache keys, which contain no text of callers. */
const CACHE_KEY = /^[a-z_]{1,20}:v\d{1,3}:[0-9a-f]{32}$/;

type Stage = {
  readonly ground: Ground;
  readonly api: Api;
  readonly operations: readonly Operation[];
  readonly tally: HostileTally;
  readonly charges: Charges;
};

/** Sends seeded requests to the API in this process, with participants of their own, and checks every effect. */
export async function playStretch(stage: Stage, requests: number, seed: number): Promise<void> {
  const { api, tally } = stage;
  const cast = await makeCast(setupIn(stage));
  api.takeLog();
  const queue = fc.sample(hostileRequests(stage.operations, cast), { numRuns: requests, seed });
  let next = 0;
  const play = async () => {
    for (let index = next++; index < queue.length; index = next++) {
      const request = queue[index];
      if (request !== undefined) await playOne(stage, request, `seed ${seed} request ${index}`, index);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, play));
  await api.flushCounters();
  checkWritten(api, tally, `seed ${seed}`);
  api.forgetCounts();
}

/** Checks what was logged and cached since the last check. */
export function checkWritten(api: Api, tally: HostileTally, where: string): void {
  for (const line of api.takeLog()) {
    for (const leak of leaksIn('log', line)) tally.breach('nothing leaks', `${leak} in a log line`, `${where} ${line.slice(0, 200)}`);
    if (line.includes(CALLER_MARK)) tally.breach('nothing leaks', "a caller's own text in a log line", `${where} ${line.slice(0, 300)}`);
    if (line.includes('"bug":')) tally.breach('no unexplained 5xx', 'a bug was logged', `${where} ${line.slice(0, 900)}`);
    tally.count('log lines');
  }
  for (const [key, value] of api.takeCache()) {
    for (const leak of leaksIn('content_cache', value)) tally.breach('nothing leaks', `${leak} in the content cache`, `${where} ${key}`);
    if (!CACHE_KEY.test(key)) tally.breach('nothing leaks', 'a key of the content cache says too much', `${where} ${key.slice(0, 100)}`);
    if (value.includes(WRITING_MARK)) tally.count('cached values with marked words');
    tally.count('cached values');
  }
}

/** Sends the requests that create a cast. */
export function setupIn({ api, charges }: Pick<Stage, 'api' | 'charges'>): Setup {
  return async (method, path, { key, body, expected }) => {
    const headers = {
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    const seen = await api.ask(
      new Request(`${ORIGIN}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
      'generous',
      [],
    );
    if (seen.status !== expected) throw new Error(`${method} ${path} answered ${seen.status}: ${seen.text.slice(0, 300)}`);
    charges.note(seen);
    return jsonOf(seen.text);
  };
}

async function playOne(
  { ground, api, operations, tally, charges }: Stage,
  hostile: HostileRequest,
  where: string,
  index: number,
): Promise<void> {
  const request = requestOf(signed(ground, hostile));
  if (request === null) return tally.count('requests that no client could send');
  // One in twenty is subject to the published limits, and one in twenty finds the rate-limit store failing.
  const counting: Counting = index % 20 === 7 ? 'published' : index % 20 === 13 ? 'store_down' : 'generous';
  const sent: Sent[] = [];
  const replay = `${where}: ${hostile.actor} ${hostile.method} ${hostile.target.slice(0, 200)} ${JSON.stringify(hostile.headers).slice(0, 200)} ${textOf(hostile)}`;
  const seen = await Promise.race([api.ask(request, counting, sent), lost()]);
  tally.count('requests');
  if (seen === null) return tally.breach('bounded time', 'no answer at all', replay);
  const { pathname } = new URL(request.url);
  const asked = {
    method: request.method,
    pathname,
    operation: operationAt(operations, request.method, routedPath(pathname)),
    toldToFail: toldToFail(hostile),
    mark: hostile.mark,
  };
  for (const { promise, what } of breachesOf(asked, seen)) tally.breach(promise, `${what} (${seen.status} ${codeOf(seen) ?? ''})`, replay);
  for (const request of sent) {
    tally.count('requests that left');
    for (const problem of outgoingProblems(request, ground.destinations, CALLER_MARK))
      tally.breach('requests leave for the configured hosts alone', problem, replay);
  }
  charges.note(seen);
  if (seen.text.includes(WRITING_MARK)) tally.count('readings with marked words');
  tally.count(`status ${seen.status}`);
  tally.count(`operation ${asked.operation?.id ?? 'none'} ${seen.status < 400 ? 'served' : 'refused'}`);
}

/** The error that a fake was told to cause: by its shortcode, or by a Turnstile response about a wrong secret. */
export function toldToFail({ target, body }: Pick<HostileRequest, 'target' | 'body'>): readonly ErrorCode[] {
  const missed: readonly ErrorCode[] = /[?&]onlyIfCached=/.test(target) ? ['cache_miss'] : [];
  if (asksForFault(target)) return ['provider_unavailable', 'provider_busy', 'provider_timeout', ...missed];
  if (missed.length > 0) return missed;
  return body !== null && new TextDecoder().decode(body.bytes).includes('our-trouble') ? ['overloaded'] : [];
}

/** Null if there is no response within the longest allowed time. */
function lost(): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), 2 * LONGEST_ANSWER_MS).unref());
}

/** Half of the webhook bodies have a valid signature, as if the secret had leaked. */
function signed(ground: Ground, hostile: HostileRequest): HostileRequest {
  if (hostile.operation?.id !== 'receiveStripeEvent' || hostile.body === null || hostile.actor !== 'customer') return hostile;
  const signature = signedEvent(ground, new TextDecoder().decode(hostile.body.bytes));
  return { ...hostile, headers: [...hostile.headers.filter(([name]) => name !== 'Stripe-Signature'), ['Stripe-Signature', signature]] };
}

/** Null if `Request` refuses it; the socket test sends it. */
function requestOf({ method, target, headers, body }: HostileRequest): Request | null {
  try {
    const init: RequestInit & { duplex?: 'half' } = { method, headers: headers.map(([name, value]): [string, string] => [name, value]) };
    if (body !== null) {
      // safe because these bytes are never shared between threads
      const bytes = body.bytes as Uint8Array<ArrayBuffer>;
      init.body = body.arrives === 'whole' ? bytes : streamOf(bytes, body.arrives === 'broken off');
      init.duplex = 'half';
    }
    return new Request(`${ORIGIN}${target}`, init);
  } catch {
    return null;
  }
}

function streamOf(bytes: Uint8Array, breaksOff: boolean): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = bytes.slice(at, at + 4_096);
      at += 4_096;
      if (piece.length > 0) controller.enqueue(piece);
      if (at < bytes.length) return;
      if (breaksOff) controller.error(new TypeError('the caller went away'));
      else controller.close();
    },
  });
}

/** A path as the router reads it: percent-decoded once, except for encoded slashes. */
export function routedPath(pathname: string): string {
  const decoded = pathname.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) => {
    try {
      return decodeURI(encoded);
    } catch {
      return encoded;
    }
  });
  // A path with a slash or a dot segment behind it is the path without it.
  return decoded.replace(/\/\.$/, '/').replace(/(?<=[^/])\/$/, '');
}

function textOf({ body }: HostileRequest): string {
  return body === null ? '' : JSON.stringify(new TextDecoder().decode(body.bytes.slice(0, 300)));
}
