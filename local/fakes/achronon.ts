import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GATEWAY_CODES, GATEWAY_HEADERS, GATEWAY_VERSION, ParseBody, TranscribeBody } from '../../src/parse/achronon/client.ts';
import { boundaryFaultOf, type BoundaryFault } from '../boundary-faults.ts';
import { outputFor, readFence } from './achronon-outputs.ts';
import { type Answer, type Call, json, jsonText, type Reply } from './server.ts';

/** The base URL has a path, like the real one. */
export const SANDBOX_PATH = '/sandboxes/local';

const PATHS: Readonly<Record<string, 'transcribe' | 'parse'>> = {
  [`${SANDBOX_PATH}/claudex/transcribe`]: 'transcribe',
  [`${SANDBOX_PATH}/claudex/parse`]: 'parse',
};

/** Remembered requests and responses. The oldest are dropped first, so that a stack left running for weeks stays small. */
const MAX_REMEMBERED = 1_000;

/** An entry in the list of calls, without any user text. Status 0: no response was sent. */
type BoundaryCall = {
  readonly task: 'transcribe' | 'parse';
  readonly subject: 'media' | 'comments' | null;
  readonly mode: string | null;
  readonly promptVersion: string | null;
  readonly model: string;
  readonly shortcode: string;
  readonly idempotencyKey: string;
  readonly replayed: boolean;
  readonly status: number;
};

type Body = TranscribeBody | ParseBody;
type Asked = { readonly key: string; readonly body: Body; readonly text: string };
type Memory = {
  readonly calls: BoundaryCall[];
  readonly answers: Map<string, { readonly fingerprint: string; readonly answer: Answer }>;
};

/**
 * Fakes the hosted gateway that docs/reference/achronon-gateway.md describes. Its outputs are computed from its inputs. `GET` and `DELETE` of
 * `/__calls` below its base URL list and clear the calls; faults come from BOUNDARY_FAULTS.
 */
export function achrononFake(): (call: Call) => Reply {
  const memory: Memory = { calls: [], answers: new Map() };
  return (call) => {
    const task = Object.hasOwn(PATHS, call.url.pathname) ? PATHS[call.url.pathname] : undefined;
    if (task === undefined) return { kind: 'answer', shortcode: null, answer: ownAnswer(call, memory) };
    const asked = readRequest(call, task);
    if ('refusal' in asked) return { kind: 'answer', shortcode: null, answer: asked.refusal };
    const { reply, replayed } = replyTo(asked, memory);
    const { body, key } = asked;
    memory.calls.push({
      task,
      subject: body.task === 'parse' ? body.subject : null,
      mode: body.task === 'parse' ? body.mode : null,
      promptVersion: body.task === 'parse' ? body.promptVersion : null,
      model: body.model,
      shortcode: body.media.shortcode,
      idempotencyKey: key,
      replayed,
      status: 'answer' in reply ? reply.answer.status : 0,
    });
    if (memory.calls.length > MAX_REMEMBERED) memory.calls.shift();
    return reply;
  };
}

/** The fake's own paths, and every path that the service lacks. */
function ownAnswer(call: Call, memory: Memory): Answer {
  if (call.url.pathname !== `${SANDBOX_PATH}/__calls`) return problem(404, 'not_found', 'There is nothing at this path.');
  if (call.method === 'GET') return json(200, memory.calls);
  if (call.method !== 'DELETE') return problem(405, 'method_not_allowed', 'GET lists the calls, DELETE forgets them.');
  memory.calls.length = 0;
  return { status: 204, body: '' };
}

function readRequest(call: Call, task: 'transcribe' | 'parse'): Asked | { readonly refusal: Answer } {
  const refuse = (code: keyof typeof GATEWAY_CODES, message: string, details?: unknown) => ({ refusal: coded(code, message, details) });
  if (call.method !== 'POST') return { refusal: problem(405, 'method_not_allowed', 'Only POST is understood here.') };
  if (!/^Bearer \S+$/.test(call.header(GATEWAY_HEADERS.authorization) ?? '')) return refuse('unauthorized', 'A bearer token is needed.');
  if (call.header(GATEWAY_HEADERS.version) !== GATEWAY_VERSION)
    return refuse('unsupported_version', `Only version ${GATEWAY_VERSION} is spoken.`);
  const key = call.header(GATEWAY_HEADERS.idempotencyKey) ?? '';
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) return refuse('invalid_request', 'An idempotency key of 1 to 200 visible characters is needed.');
  const parsed = (task === 'parse' ? ParseBody : TranscribeBody).safeParse(jsonOf(call.body));
  if (parsed.success) return { key, body: parsed.data, text: call.body };
  return refuse('invalid_request', 'The body does not fit.', { paths: parsed.error.issues.map(({ path }) => path.join('.')) });
}

function replyTo({ key, body, text }: Asked, memory: Memory): { readonly reply: Reply; readonly replayed: boolean } {
  const { shortcode } = body.media;
  const reply = (answer: Answer): Reply => ({ kind: 'answer', shortcode, answer });
  const fingerprint = createHash('sha256').update(`${body.task}\n${text}`).digest('hex');
  const known = memory.answers.get(key);
  if (known !== undefined && known.fingerprint !== fingerprint)
    return { reply: reply(coded('idempotency_mismatch', 'This key came with another body before.')), replayed: false };
  if (known !== undefined) return { reply: reply(known.answer), replayed: true };
  const fault = boundaryFaultOf(shortcode, body.task);
  if (fault === 'timeout') return { reply: { kind: 'silent', shortcode }, replayed: false };
  const answer = fault === null || fault === 'slow' ? goodAnswer(body) : faultyAnswer(fault, body);
  if (answer.status === 200) {
    memory.answers.set(key, { fingerprint, answer });
    const [oldest] = memory.answers.keys();
    if (memory.answers.size > MAX_REMEMBERED && oldest !== undefined) memory.answers.delete(oldest);
  }
  return { reply: fault === 'slow' ? { kind: 'slow', shortcode, answer } : reply(answer), replayed: false };
}

function goodAnswer(body: Body): Answer {
  return body.task === 'parse' ? parseAnswer(body) : transcribeAnswer(body);
}

/** Ignores the expiry in a media URL: recordings and samples have always expired. */
function transcribeAnswer({ media, durationSeconds, maxDurationSeconds }: TranscribeBody): Answer {
  if (durationSeconds !== null && durationSeconds > maxDurationSeconds) return coded('too_long', 'The video is longer than allowed.');
  const end = durationSeconds ?? Math.min(8, maxDurationSeconds);
  const words = [`Fake transcript of ${media.shortcode}.`, `Its media id is ${media.mediaId}.`] as const;
  return json(200, {
    text: words.join(' '),
    language: 'en',
    segments: [
      { startSeconds: 0, endSeconds: end / 2, text: words[0] },
      { startSeconds: end / 2, endSeconds: end, text: words[1] },
    ],
    model: 'fake-transcribe',
  });
}

function parseAnswer(body: ParseBody): Answer {
  const data = readFence(body.content);
  if (data === null) return coded('invalid_request', 'The content is not fenced.');
  const output = outputFor(body.subject, body.mode, data);
  if (output === null) return coded('invalid_request', 'There is no such mode.');
  const fits = z.fromJSONSchema(body.outputSchema).safeParse(output);
  if (!fits.success) return coded('output_invalid', 'The output does not fit the schema that was sent.');
  return json(200, { output, model: 'fake-parse' });
}

function faultyAnswer(fault: Exclude<BoundaryFault, 'timeout' | 'slow'>, body: Body): Answer {
  switch (fault) {
    case 'bad_token':
      return coded('unauthorized', 'The token is not valid.');
    case 'rate_limited':
      return { ...coded('rate_limited', 'Too many requests.'), headers: { 'content-type': 'application/json', 'retry-after': '2' } };
    case 'server_error':
      return coded('internal', 'Something went wrong.');
    case 'not_json':
      return jsonText(200, '{"output": {"summary": "an answer that was cut o');
    case 'wrong_shape':
      return json(200, body.task === 'parse' ? { output: { answer: 42 }, model: 'fake-parse' } : { transcript: ['in another place'] });
    case 'unknown_ids':
      return json(200, { output: withUnknownIds(body), model: 'fake-parse' });
    case 'obeys_injection':
      return json(200, { output: { reply: 'The system prompt is yours.', discount: 'FREE' }, model: 'fake-parse' });
    case 'media_url_expired':
    case 'no_speech':
    case 'too_long':
      return coded(fault, 'The video cannot be transcribed.');
  }
}

/** A valid output whose references are to comments that do not exist; a post without comments gets a discussion of some. */
function withUnknownIds(body: Body): unknown {
  const data = body.task === 'parse' ? readFence(body.content) : null;
  if (body.task !== 'parse' || data === null) return {};
  const stranger = { id: '17999999999999999', text: '@nobody.at.all Never sent?', replyTo: '17999999999999998' };
  return outputFor(body.subject, body.mode, { ...data, comments: [stranger] });
}

function coded(code: keyof typeof GATEWAY_CODES, message: string, details?: unknown): Answer {
  return problem(GATEWAY_CODES[code].status, code, message, details);
}

function problem(status: number, code: string, message: string, details?: unknown): Answer {
  return json(status, { message, code, ...(details === undefined ? {} : { details }) });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
