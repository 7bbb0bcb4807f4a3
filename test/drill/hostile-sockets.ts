import { join } from 'node:path';
import fc from 'fast-check';
import { breachesOf, codeOf, jsonOf, LONGEST_ANSWER_MS, type Seen } from './answer-check.ts';
import { leaksIn } from './canaries.ts';
import { leaksInFolder } from './database-leaks.ts';
import { makeCast, type Setup } from './hostile-cast.ts';
import { routedPath, toldToFail } from './hostile-fuzz.ts';
import type { HostileTally } from './hostile-promises.ts';
import { hostileRequests, type HostileRequest } from './hostile-requests.ts';
import { CALLER_MARK } from './hostile-texts.ts';
import type { DrillWorker } from './hostile-worker.ts';
import { type Malformed, malformedRequests, SMUGGLED_KEY_NAME } from './malformed-http.ts';
import { groupBytes } from './memory.ts';
import type { Charges } from './money-check.ts';
import { type Operation, operationAt } from './published-api.ts';
import { exchange, type RawAnswer } from './raw-http.ts';

/** Concurrent connections. */
const AT_A_TIME = 8;

/** Allowed growth of the isolate's memory after the first requests; cached content stays for a while. */
const GROWTH_BYTES = 32 * 1024 * 1024;

/** Requests after which memory use should be stable. */
const WARM_AFTER = 500;

/** Log lines of the runtime and wrangler's proxy about requests that never reach the Worker. */
const OF_MALFORMED_REQUESTS = /Invalid URL string|does not export a connect\(\)|Error inside ProxyWorker|header count exceeds maximum/;

/** Responses of the runtime itself to invalid HTTP: not implemented, version not supported. */
const OF_THE_RUNTIME = [501, 505];

export type SocketStage = {
  readonly worker: DrillWorker;
  readonly operations: readonly Operation[];
  readonly tally: HostileTally;
  readonly charges: Charges;
};

/** Sends seeded and malformed requests to the built Worker over raw sockets, and checks its log, cache and objects. */
export async function playSockets(stage: SocketStage, requests: number, seed: number): Promise<void> {
  const { worker, tally } = stage;
  const cast = await makeCast(setupOver(stage));
  const queue = fc.sample(hostileRequests(stage.operations, cast), { numRuns: requests, seed });
  let next = 0;
  let warm = { held: 0, resident: 0 };
  const play = async () => {
    for (let index = next++; index < queue.length; index = next++) {
      const request = queue[index];
      if (request !== undefined) await playOne(stage, request, `sockets seed ${seed} request ${index}`);
      if (request !== undefined && index % 10 === 0) await playBroken(stage, request, index);
      if (index === Math.min(WARM_AFTER, requests - 1)) warm = await memoryOf(worker);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, play));
  await playMalformed(stage, cast.keys.customer ?? '');
  const { held, resident } = await memoryOf(worker);
  const grown = held - warm.held;
  tally.count("megabytes that the Worker's isolate grew by", mebibytes(grown));
  // Only reported: a process returns memory and collects garbage when it likes.
  tally.count("megabytes that the Worker's processes grew by", mebibytes(resident - warm.resident));
  if (grown > GROWTH_BYTES)
    tally.breach('bounded memory', `the Worker's isolate holds ${mebibytes(grown)} MiB more`, `sockets seed ${seed}`);
}

async function memoryOf(worker: DrillWorker) {
  return { held: await worker.heldBytes(), resident: groupBytes(worker.group) };
}

function mebibytes(bytes: number): number {
  return Math.max(0, Math.round(bytes / 1024 / 1024));
}

/** Checks the Worker's log, content cache and objects. */
export async function checkWorkerState({ worker, tally }: Pick<SocketStage, 'worker' | 'tally'>): Promise<void> {
  for (const line of worker.logLines()) {
    for (const leak of leaksIn('log', line)) tally.breach('nothing leaks', `${leak} in the Worker's log`, line.slice(0, 200));
    // The development server logs the address of a connection that broke off before the Worker.
    if (line.includes(CALLER_MARK) && !line.includes('Error inside ProxyWorker'))
      tally.breach('nothing leaks', "a caller's own text in the Worker's log", line.slice(0, 300));
    if (/"bug":|[Uu]ncaught|✘/.test(line) && !OF_MALFORMED_REQUESTS.test(line))
      tally.breach('no unexplained 5xx', 'a bug was logged', line.slice(0, 600));
    tally.count('log lines');
  }
  for (const [folder, place] of [
    ['v3/kv', 'content_cache'],
    ['v3/do', 'object_state'],
    ['v3/cache', 'object_state'],
  ] as const) {
    const { files, leaks } = await leaksInFolder(join(worker.stateFolder, folder), place);
    tally.count(`files of ${folder}`, files);
    for (const leak of leaks) tally.breach('nothing leaks', leak, folder);
  }
}

function setupOver({ worker, charges }: SocketStage): Setup {
  return async (method, path, { key, body, expected }) => {
    const headers = {
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    const answer = await fetch(`${worker.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const seen = { status: answer.status, headers: answer.headers, text: await answer.text(), milliseconds: 0 };
    if (seen.status !== expected) throw new Error(`${method} ${path} answered ${seen.status}: ${seen.text.slice(0, 300)}`);
    charges.note(seen);
    return jsonOf(seen.text);
  };
}

async function playOne({ worker, operations, tally, charges }: SocketStage, hostile: HostileRequest, where: string): Promise<void> {
  const isHead = hostile.method === 'HEAD';
  const answer = await exchange(worker.url, bytesOf(hostile, new URL(worker.url).host), { limitMs: 2 * LONGEST_ANSWER_MS, isHead });
  tally.count('requests over sockets');
  const replay = `${where}: ${hostile.actor} ${hostile.method} ${hostile.target.slice(0, 200)} ${JSON.stringify(hostile.headers).slice(0, 200)}`;
  if (answer.kind !== 'answered') return checkUnanswered(answer, hostile, tally, replay);
  if (isOfTheRuntime(answer)) return tally.count('refused by the runtime');
  const pathname = routedPath(new URL(`http://worker${hostile.target}`).pathname);
  const asked = {
    method: hostile.method,
    pathname,
    operation: operationAt(operations, hostile.method, pathname),
    toldToFail: toldToFail(hostile),
    mark: hostile.mark,
  };
  for (const { promise, what } of breachesOf(asked, answer))
    tally.breach(promise, `${what} (${answer.status} ${codeOf(answer) ?? ''})`, replay);
  charges.note(answer);
  tally.count(`over sockets: status ${answer.status}`);
}

/** Whether the runtime's HTTP parser refused the request before the Worker. */
function isOfTheRuntime(answer: Seen): boolean {
  return !answer.headers.has('X-Request-Id') && ((answer.status >= 400 && answer.status < 500) || OF_THE_RUNTIME.includes(answer.status));
}

function checkUnanswered({ kind, milliseconds }: RawAnswer, hostile: HostileRequest, tally: HostileTally, replay: string): void {
  if (kind === 'silent') tally.breach('bounded time', `no answer in ${Math.round(milliseconds)} ms`, replay);
  // A body refused for its size may end the connection before it is fully sent.
  else if ((hostile.body?.bytes.length ?? 0) < 16_384)
    tally.breach('answers of the published shape', 'the connection was closed without an answer', replay);
}

/** Serializes a request, with header values as unescaped UTF-8. */
export function bytesOf({ method, target, headers, body }: HostileRequest, host: string): Uint8Array {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (body !== null) lines.push(body.arrives !== 'whole' ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.bytes.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8');
  if (body === null) return head;
  if (body.arrives === 'whole') return Buffer.concat([head, body.bytes]);
  const chunk = body.bytes.length === 0 ? [] : [Buffer.from(`${body.bytes.length.toString(16)}\r\n`), body.bytes, Buffer.from('\r\n')];
  return Buffer.concat([head, ...chunk, Buffer.from('0\r\n\r\n')]);
}

/** Repeats a request with one byte of its head replaced, chosen by its number. */
async function playBroken({ worker, tally }: SocketStage, hostile: HostileRequest, index: number): Promise<void> {
  // A read that is still valid is charged, and its response may be lost; the other tests check that.
  if (hostile.operation?.id.startsWith('read') === true) return;
  const bytes = Uint8Array.from(bytesOf(hostile, new URL(worker.url).host));
  const at = (index * 7_919) % Math.min(bytes.length, 400);
  bytes[at] = [0x00, 0x0a, 0x0d, 0x20, 0x09, 0x3a, 0x2f, 0x25, 0xff, 0x80, 0x7f, 0x2c][index % 12] ?? 0;
  await playMalformedOne({ worker, tally }, { name: `request ${index}, byte ${at} replaced`, bytes, endsWriting: true, failsBefore: true });
}

async function playMalformed({ worker, tally }: SocketStage, key: string): Promise<void> {
  for (const malformed of malformedRequests(new URL(worker.url).host, key)) await playMalformedOne({ worker, tally }, malformed);
  const keys = await fetch(`${worker.url}/v1/keys`, { headers: { Authorization: `Bearer ${key}` } });
  const list = await keys.text();
  if (keys.status !== 200 || list.includes(SMUGGLED_KEY_NAME)) {
    tally.breach(
      "another account's things are as if they were not there",
      'a smuggled request was carried out',
      `${keys.status} ${list.slice(0, 200)}`,
    );
  }
  const after = await exchange(worker.url, Buffer.from('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), {
    limitMs: LONGEST_ANSWER_MS,
  });
  if (after.kind !== 'answered' || after.status !== 200) {
    tally.breach('bounded time', 'the Worker is not well after malformed requests', after.kind);
  }
}

async function playMalformedOne({ worker, tally }: Pick<SocketStage, 'worker' | 'tally'>, malformed: Malformed): Promise<void> {
  const { name, bytes, resets = false, endsWriting = false, failsBefore } = malformed;
  const answer = await exchange(worker.url, bytes, { limitMs: LONGEST_ANSWER_MS, resets, endsWriting });
  tally.count('malformed requests');
  const replay = `malformed: ${name}`;
  if (answer.kind === 'silent') tally.breach('bounded time', 'no answer, and the connection was kept', replay);
  if (answer.kind !== 'answered') return;
  const isExcused = OF_THE_RUNTIME.includes(answer.status) || (failsBefore === true && !answer.headers.has('X-Request-Id'));
  if (answer.status >= 500 && isExcused) tally.count('malformed requests that the runtime gave up on');
  if (codeOf(answer) === 'internal' || (answer.status >= 500 && !isExcused && failsBefore !== true)) {
    tally.breach('no unexplained 5xx', `${answer.status} ${answer.text.slice(0, 100)}`, replay);
  }
  const place = answer.status === 200 ? 'reading' : answer.status === 201 ? 'key_answer' : 'answer';
  for (const leak of leaksIn(place, answer.text)) tally.breach('nothing leaks', leak, replay);
}
