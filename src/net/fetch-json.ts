import type { Clock } from '../core/clock.ts';
import { err, ok, type Result } from '../core/result.ts';
import { mapTexts, mayHoldHalfPairs, wellFormed } from '../core/text.ts';
import type { Budget } from './deadline.ts';

/** The runtime's `fetch`, injected. Call it without a receiver: workerd rejects it as a method of another object. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A request with its own time limit in milliseconds. The read's deadline may be shorter. */
export type TimedRequest = {
  readonly url: string;
  readonly init: { readonly method: 'GET' | 'POST'; readonly headers: Readonly<Record<string, string>>; readonly body?: string };
  readonly limitMs: number;
};

/** The response of an upstream, whatever its status. `body` is null when an error response carries no readable JSON. */
export type JsonAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly latencyMs: number;
};

/** Why there is no response to read. `sent` is true when the request may have reached the upstream, and so may have been billed. */
export type JsonFailure = {
  readonly kind: 'timed_out' | 'unreachable' | 'bad_response';
  readonly httpStatus: number | null;
  readonly latencyMs: number;
  readonly sent: boolean;
};

const mebibytes = 1024 * 1024;

/**
 * The largest response body that is read, by the kind of call. Parsing occupies the isolate, so no limit is higher than the content needs:
 * a real post has about 0.1 MB, 500 comments with replies a few, and the longest transcript of the gateway less than two.
 */
export const MAX_BODY_BYTES = {
  post: 2 * mebibytes,
  comments: 4 * mebibytes,
  transcript: 2 * mebibytes,
  gateway: 2 * mebibytes,
  turnstile: 64 * 1024,
} as const;
export type BodyKind = keyof typeof MAX_BODY_BYTES;

/** The longest `Retry-After` that is passed on to callers. */
export const MAX_RETRY_AFTER_SECONDS = 3_600;

/**
 * Sends one request and passes its response to `read`, all within the shorter of the request's limit and the budget. Redirects are not
 * followed. Network errors are returned, never thrown; the time limit holds even when `fetch` ignores its abort signal.
 */
export async function fetchWithin<T>(
  deps: { readonly fetch: Fetch; readonly clock: Clock },
  request: TimedRequest,
  budget: Budget,
  read: (response: Response) => Promise<T>,
): Promise<Result<{ readonly value: T; readonly latencyMs: number }, JsonFailure & { readonly kind: 'timed_out' | 'unreachable' }>> {
  const { fetch, clock } = deps;
  const startedAt = clock();
  const allowedMs = Math.min(request.limitMs, budget.deadlineAt - startedAt);
  if (allowedMs <= 0) return err({ kind: 'timed_out', httpStatus: null, latencyMs: 0, sent: false });

  const abort = new AbortController();
  let httpStatus: number | null = null;
  const exchange = async (): Promise<T> => {
    const response = await fetch(request.url, { ...request.init, redirect: 'manual', signal: abort.signal });
    httpStatus = response.status;
    return read(response);
  };
  const expired = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(new Error('time limit')), { once: true });
  });
  const timer = setTimeout(() => abort.abort(), allowedMs);
  try {
    const value = await Promise.race([exchange(), expired]);
    return ok({ value, latencyMs: clock() - startedAt });
  } catch {
    // The cause is dropped: its message may contain the URL.
    return err({ kind: abort.signal.aborted ? 'timed_out' : 'unreachable', httpStatus, latencyMs: clock() - startedAt, sent: true });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Sends one request for JSON. Any status but a redirect is a response; a redirect, an oversized body and a success without JSON are
 * `bad_response`. `kind` selects the size limit. Integers beyond 2^53 arrive as strings of digits.
 */
export async function requestJson(
  deps: { readonly fetch: Fetch; readonly clock: Clock },
  request: TimedRequest,
  budget: Budget,
  kind: BodyKind,
): Promise<Result<JsonAnswer, JsonFailure>> {
  const exchanged = await fetchWithin(deps, request, budget, async (response) => {
    const redirected = response.status === 0 || (response.status >= 300 && response.status < 400);
    if (redirected) await response.body?.cancel();
    return {
      status: response.status,
      headers: response.headers,
      text: redirected ? null : await readBounded(response, MAX_BODY_BYTES[kind]),
    };
  });
  if (!exchanged.ok) return exchanged;
  const { value, latencyMs } = exchanged.value;
  const body = value.text === null ? undefined : parseExactJson(value.text);
  const isSuccess = value.status >= 200 && value.status < 300;
  const isRedirect = value.status < 200 || (value.status >= 300 && value.status < 400);
  if (isRedirect || (isSuccess && body === undefined)) {
    return err({ kind: 'bad_response', httpStatus: value.status, latencyMs, sent: true });
  }
  return ok({ status: value.status, headers: value.headers, body: body ?? null, latencyMs });
}

/**
 * Parses JSON, keeps integers beyond 2^53 as strings of digits and replaces halves of surrogate pairs. Undefined when the text is not JSON.
 */
export function parseExactJson(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(/\d{16}/.test(text) ? quoteLongIntegers(text) : text);
    return mayHoldHalfPairs(text) ? mapTexts(parsed, wellFormed) : parsed;
  } catch {
    return undefined;
  }
}

/** The start of a text, or an integer of at least 16 digits: every integer beyond 2^53 has as many. */
const TEXT_OR_LONG_INTEGER = /"|(?<![\w.+-])-?[1-9]\d{15,}(?=\s*(?:[,\]}]|$))/g;

/**
 * Puts integers beyond 2^53 into quotes before parsing. A reviver could keep them too, but it is called for every value, and a body of 4 MiB
 * then holds up the isolate for seconds.
 */
function quoteLongIntegers(text: string): string {
  const search = new RegExp(TEXT_OR_LONG_INTEGER);
  let quoted = '';
  let copiedTo = 0;
  for (let found = search.exec(text); found !== null; found = search.exec(text)) {
    if (found[0] === '"') {
      search.lastIndex = endOfText(text, search.lastIndex);
    } else if (!Number.isSafeInteger(Number(found[0]))) {
      quoted += `${text.slice(copiedTo, found.index)}"${found[0]}"`;
      copiedTo = search.lastIndex;
    }
  }
  return quoted + text.slice(copiedTo);
}

/** The index behind the quote that closes a text, which an even number of backslashes precedes. */
function endOfText(text: string, start: number): number {
  for (let quote = text.indexOf('"', start); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = quote;
    while (slashes > start && text[slashes - 1] === '\\') slashes -= 1;
    if ((quote - slashes) % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** Reads `Retry-After` (seconds or a date) as 1 to MAX_RETRY_AFTER_SECONDS seconds; undefined when it is missing or unreadable. */
export function retryAfterSeconds(headers: Headers, nowMs: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - nowMs) / 1_000);
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS);
}

/** Appends a path and a query to a base URL. Keeps the base's own path, which URL resolution would drop. */
export function joinUrl(baseUrl: string, path: string, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `${baseUrl.replace(/\/+$/, '')}${path}${search === '' ? '' : `?${search}`}`;
}

async function readBounded(response: Response, maxBytes: number): Promise<string | null> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}
