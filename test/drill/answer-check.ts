import { ERROR_ROWS, type ErrorCode } from '../../src/errors.ts';
import { ErrorBody } from '../../src/http/error-response.ts';
import { leaksIn, type Place } from './canaries.ts';
import type { Operation } from './published-api.ts';

/** The parts of a request that decide which responses are allowed. */
export type Asked = {
  readonly method: string;
  readonly pathname: string;
  /** The published operation of the request line; null if there is none. */
  readonly operation: Operation | null;
  /** The 5xx codes that a fake was told to cause for this request; no others are allowed. */
  readonly toldToFail: readonly ErrorCode[];
  /** Part of the request that no error may repeat. */
  readonly mark: string;
};

/** One response. `milliseconds` is the time until its body was read. */
export type Seen = { readonly status: number; readonly headers: Headers; readonly text: string; readonly milliseconds: number };

/** The guarantees that a response can violate. */
export type AnswerPromise =
  | 'no unexplained 5xx'
  | 'answers of the published shape'
  | 'security headers'
  | 'bounded time'
  | 'nothing leaks'
  | 'refusals are free';
export type Breach = { readonly promise: AnswerPromise; readonly what: string };

/** The tests' read deadline is 12 seconds; the rest allows for a busy machine. */
export const LONGEST_ANSWER_MS = 20_000;

/** The longest error names five problems. */
const LONGEST_ERROR_CHARACTERS = 4_096;

/** Codes allowed where no operation is published; a body can be too large or break off anywhere. */
const OUTSIDE_CODES: readonly ErrorCode[] = [
  'not_found',
  'method_not_allowed',
  'endpoint_deferred',
  'invalid_request',
  'body_too_large',
  'rate_limited',
];

/** Everything below the operator's path checks the key before the path. */
const OWNER_CODES: readonly ErrorCode[] = [...OUTSIDE_CODES, 'unauthorized', 'forbidden'];

/** HTML pages, which are not in the API description. */
const PAGES: readonly string[] = ['/', '/docs', '/docs/errors', '/openapi.json', '/topups/return'];

const EXPECTED_HEADERS: Readonly<Record<string, RegExp>> = {
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'content-security-policy': /default-src 'none'/,
  'strict-transport-security': /max-age=\d{7,}/,
  'x-request-id': /^req_[0-9A-Z]{26}$/,
};

/** Returns every guarantee that a response violates. */
export function breachesOf(asked: Asked, seen: Seen): Breach[] {
  const breaches: Breach[] = [];
  const add = (promise: AnswerPromise, problems: readonly string[]) => breaches.push(...problems.map((what) => ({ promise, what })));
  if (seen.milliseconds > LONGEST_ANSWER_MS) add('bounded time', [`took ${Math.round(seen.milliseconds)} ms`]);
  if (seen.status >= 500) add('no unexplained 5xx', unexplained(asked, seen));
  add('security headers', headerProblems(seen.headers));
  add('nothing leaks', leakProblems(asked, seen));
  if (seen.status >= 200 && seen.status < 300) add('answers of the published shape', successProblems(asked, seen));
  else if (asked.method !== 'HEAD') add('answers of the published shape', errorProblems(asked, seen));
  if (seen.status >= 400 && (seen.headers.get('X-Credits-Used') ?? '0') !== '0') {
    add('refusals are free', [`X-Credits-Used is ${seen.headers.get('X-Credits-Used') ?? ''}`]);
  }
  return breaches;
}

/** Undefined if the text isn't JSON. */
export function jsonOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return undefined;
  }
}

export function codeOf(seen: Seen): ErrorCode | null {
  const parsed = ErrorBody.safeParse(jsonOf(seen.text));
  return parsed.success ? parsed.data.error.code : null;
}

function unexplained(asked: Asked, seen: Seen): string[] {
  const code = codeOf(seen);
  return code !== null && asked.toldToFail.includes(code) ? [] : [`${seen.status} ${code ?? 'without a code'}`];
}

function headerProblems(headers: Headers): string[] {
  return Object.entries(EXPECTED_HEADERS).flatMap(([name, wanted]) =>
    wanted.test(headers.get(name) ?? '') ? [] : [`${name} is ${headers.get(name) ?? 'missing'}`],
  );
}

function placeOf({ operation }: Asked, status: number): Place {
  if (status === 200 && operation?.path.match(/^\/v1\/(post|reel|comments)$/)) return 'reading';
  return status === 201 ? 'key_answer' : 'answer';
}

function leakProblems(asked: Asked, seen: Seen): string[] {
  const headers = [...seen.headers].map((header) => header.join(': ')).join('\n');
  const leaks = [...leaksIn(placeOf(asked, seen.status), seen.text), ...leaksIn('header', headers)];
  if (seen.status >= 400 && asked.mark !== '' && seen.text.includes(asked.mark)) leaks.push('the error repeats what the caller sent');
  return leaks;
}

function successProblems({ operation, method, pathname }: Asked, seen: Seen): string[] {
  const type = (seen.headers.get('Content-Type') ?? '').split(';', 1)[0] ?? '';
  if (method === 'OPTIONS') return seen.status === 204 && seen.headers.has('Allow') ? [] : [`OPTIONS answered ${seen.status}`];
  if (operation === null) return PAGES.includes(pathname) ? [] : [`${seen.status} where nothing is published`];
  const published = operation.answers.get(seen.status);
  if (published === undefined) return [`status ${seen.status} is not published`];
  if (!published.types.includes(type)) return [`Content-Type ${type} is not published`];
  if (method === 'HEAD') return seen.text === '' ? [] : ['HEAD has a body'];
  return type === 'application/json' ? published.fits(jsonOf(seen.text)).map((problem) => `the body does not fit: ${problem}`) : [];
}

function errorProblems({ operation, pathname }: Asked, seen: Seen): string[] {
  if (seen.status < 400) return [`status ${seen.status}`];
  const type = seen.headers.get('Content-Type') ?? '';
  if (pathname === '/topups/return' && type.startsWith('text/html')) return [];
  if (!/^application\/json(;|$)/.test(type)) return [`Content-Type of an error is ${type}`];
  const body = ErrorBody.safeParse(jsonOf(seen.text));
  if (!body.success) return [`the body of ${seen.status} has not the shape of an error`];
  const { code, requestId, billed, docUrl } = body.data.error;
  const problems: string[] = [];
  const published = operation?.answers.get(seen.status);
  const outside = /^\/v1\/ops(\/|$)/.test(pathname) ? OWNER_CODES : OUTSIDE_CODES;
  const isDeclared = operation === null ? outside.includes(code) : published?.codes.includes(code) === true;
  if (!isDeclared) problems.push(`code ${code} (${seen.status}) is not declared`);
  else problems.push(...(published?.fits(body.data) ?? []));
  if (ERROR_ROWS[code].status !== seen.status) problems.push(`code ${code} has status ${seen.status}`);
  if (requestId !== seen.headers.get('X-Request-Id')) problems.push('the request id of the body is not that of the header');
  if (billed === true || (billed === null && code !== 'overloaded') || !docUrl.endsWith(`/docs/errors#${code}`))
    problems.push('billed or docUrl is wrong');
  if (seen.text.length > LONGEST_ERROR_CHARACTERS) problems.push(`an error of ${seen.text.length} characters`);
  if (seen.headers.get('Cache-Control') !== 'no-store') problems.push('an error that may be cached');
  return [...problems, ...statusHeaders(seen)];
}

function statusHeaders({ status, headers }: Seen): string[] {
  if (status === 401 && !headers.has('WWW-Authenticate')) return ['401 without WWW-Authenticate'];
  if (status === 405 && !headers.has('Allow')) return ['405 without Allow'];
  if ((status === 429 || status === 503) && !/^[1-9]\d{0,5}$/.test(headers.get('Retry-After') ?? ''))
    return [`${status} without Retry-After`];
  return [];
}
