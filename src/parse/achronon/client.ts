import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Budget } from '../../net/deadline.ts';
import { joinUrl, requestJson, type Fetch, type JsonAnswer } from '../../net/fetch-json.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { mapTexts, visible } from '../../core/text.ts';
import { isPlatformMediaUrl } from '../../instagram/media-url.ts';
import { SHORTCODE } from '../../instagram/shortcode.ts';
import type { ParseFailure, ParseRequest, TranscriptionFailure, TranscriptionRequest } from '../ports.ts';

// The gateway publishes no contract. Everything that igskill assumes about it is in this file and described in docs/reference/achronon-gateway.md;
// the local fake reads the same shapes. A difference found later is corrected here.

/** The version of the assumed contract, sent with every request so that the gateway can reject one it does not support. */
export const GATEWAY_VERSION = '1';

export const GATEWAY_HEADERS = {
  authorization: 'authorization',
  idempotencyKey: 'idempotency-key',
  version: 'boundary-version',
} as const;

/** Four times the usual body with a full sample of comments. */
export const MAX_GATEWAY_REQUEST_BYTES = 256 * 1024;

/** UTF-16 units; more than two hours of speech. */
export const MAX_TRANSCRIPT_CHARACTERS = 150_000;

/** One segment per second of the longest video that may be sent. */
export const MAX_TRANSCRIPT_SEGMENTS = 3_600;

/** How far the last segment may exceed the allowed duration: encoders pad, and models round up. */
const SEGMENT_SLACK_SECONDS = 5;

const MAX_MODEL_CHARACTERS = 100;

const nonBlank = z.string().regex(/\S/);
const model = nonBlank.max(MAX_MODEL_CHARACTERS);
const media = z.object({ mediaId: z.string().regex(/^\d{1,20}$/), shortcode: z.string().regex(SHORTCODE) });

export const TranscribeBody = z.strictObject({
  task: z.literal('transcribe'),
  model,
  media,
  mediaUrl: z.string().refine(isPlatformMediaUrl),
  durationSeconds: z.number().positive().nullable(),
  maxDurationSeconds: z.int().positive(),
});
export type TranscribeBody = z.infer<typeof TranscribeBody>;

/** The request body for an interpretation. Only `content`, the fenced data, holds text that Instagram users wrote. */
export const ParseBody = z.strictObject({
  task: z.literal('parse'),
  subject: z.enum(['media', 'comments']),
  mode: nonBlank.max(40),
  promptVersion: nonBlank.max(80),
  model,
  media,
  instructions: nonBlank,
  outputSchema: z.record(z.string(), z.unknown()),
  content: nonBlank,
});
export type ParseBody = z.infer<typeof ParseBody>;

const segment = z
  .object({ startSeconds: z.number().nonnegative(), endSeconds: z.number().nonnegative(), text: nonBlank.max(5_000) })
  .refine(({ startSeconds, endSeconds }) => endSeconds >= startSeconds);

/** A transcript in a response. Unknown fields are ignored. */
export const TranscribeAnswer = z.object({
  text: nonBlank.max(MAX_TRANSCRIPT_CHARACTERS),
  language: z
    .string()
    .max(35)
    .regex(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/)
    .nullish(),
  segments: z
    .array(segment)
    .max(MAX_TRANSCRIPT_SEGMENTS)
    .refine((list) => list.every(({ startSeconds }, index) => startSeconds >= (list[index - 1]?.startSeconds ?? 0)))
    .nullish(),
  model,
});

/** An interpretation in a response. The mode's own schema validates `output`. */
export const ParseAnswer = z.object({ output: z.record(z.string(), z.unknown()), model });

/** An error response. Its message and details are for the gateway's operators: never shown or logged. */
export const GatewayError = z.object({ message: z.string(), code: z.string().optional(), details: z.unknown().optional() });

/** Builds the body for a transcript. A duration of zero counts as unknown. */
export function transcribeBody(request: TranscriptionRequest, model: string, maxDurationSeconds: number): TranscribeBody {
  const { mediaId, shortcode, mediaUrl, durationSeconds } = request;
  const known = durationSeconds === 0 ? null : durationSeconds;
  return { task: 'transcribe', model, media: { mediaId, shortcode }, mediaUrl, durationSeconds: known, maxDurationSeconds };
}

/** The part of a request that its mode determines. `content` is already fenced. */
type Prompt = Pick<ParseBody, 'promptVersion' | 'instructions' | 'outputSchema' | 'content'>;

/** Builds the body for an interpretation. */
export function parseBody(request: ParseRequest, model: string, prompt: Prompt): ParseBody {
  const { mediaId, shortcode } = request.subject === 'media' ? request.post : request;
  const { promptVersion, instructions, outputSchema, content } = prompt;
  const { subject, mode } = request;
  return { task: 'parse', subject, mode, promptVersion, model, media: { mediaId, shortcode }, instructions, outputSchema, content };
}

/** Reads a transcript from a response; null when it does not fit. Segments may exceed `maxDurationSeconds` slightly. */
export function readTranscript(answer: unknown, maxDurationSeconds: number) {
  const parsed = TranscribeAnswer.safeParse(answer);
  if (!parsed.success) return null;
  const { text, language, segments, model } = parsed.data;
  const latest = maxDurationSeconds + SEGMENT_SLACK_SECONDS;
  if ((segments ?? []).some(({ endSeconds }) => endSeconds > latest)) return null;
  return { text, language: language ?? null, segments: segments ?? null, model };
}

/** Reads an output from a response; null when it does not fit. The output itself is not yet validated. */
export function readParse(answer: unknown) {
  const parsed = ParseAnswer.safeParse(answer);
  return parsed.success ? parsed.data : null;
}

type Failure = ParseFailure['kind'] | TranscriptionFailure['kind'];

/**
 * Error codes that are more specific than their status, and the failure each means. The table in docs/reference/achronon-gateway.md is checked
 * against this one.
 */
export const GATEWAY_CODES = {
  no_speech: { status: 422, task: 'transcribe', failure: 'no_speech' },
  too_long: { status: 422, task: 'transcribe', failure: 'too_long' },
  media_url_expired: { status: 410, task: 'transcribe', failure: 'media_url_expired' },
  output_invalid: { status: 422, task: 'parse', failure: 'invalid_output' },
  timed_out: { status: 504, task: 'both', failure: 'timed_out' },
  unauthorized: { status: 401, task: 'both', failure: 'refused' },
  forbidden: { status: 403, task: 'both', failure: 'refused' },
  rate_limited: { status: 429, task: 'both', failure: 'rate_limited' },
  invalid_request: { status: 400, task: 'both', failure: 'refused' },
  unsupported_version: { status: 400, task: 'both', failure: 'refused' },
  idempotency_mismatch: { status: 409, task: 'both', failure: 'refused' },
  internal: { status: 500, task: 'both', failure: 'unreachable' },
} as const satisfies Readonly<Record<string, { status: number; task: 'transcribe' | 'parse' | 'both'; failure: Failure }>>;

/** How to call the gateway. The token goes into a request header only. */
export type GatewayAccess = {
  /** May include a path, such as `https://host/sandboxes/id`; nothing is resolved against it. Undefined when not configured. */
  readonly endpoint: string | undefined;
  readonly token: string | undefined;
  readonly path: string;
  readonly model: string;
  /** Time limit for one transcription or interpretation with its retry. */
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  readonly clock: Clock;
};

/** Whether the gateway's endpoint and token are set. */
export function isConfigured(access: GatewayAccess): access is GatewayAccess & { readonly endpoint: string; readonly token: string } {
  return access.endpoint !== undefined && access.token !== undefined;
}

/** An invalid response is requested once more, because models do not fail the same way each time. */
export const MAX_ATTEMPTS = 2;

/** Returns the idempotency key of one attempt. Each attempt has its own, because the gateway would replay the invalid response. */
export function attemptKey(idempotencyKey: string, attempt: number): string {
  return `${idempotencyKey}-${attempt}`;
}

/**
 * Sends a body and parses the response with `read`, which returns null for one that does not fit. An invalid response is requested once
 * more; other failures are not, because each has already used up its time. Both attempts share `timeoutMs` and the budget.
 */
export async function askGateway<T, B extends TranscribeBody | ParseBody>(
  access: GatewayAccess,
  { body, idempotencyKey, read }: { readonly body: B; readonly idempotencyKey: string; readonly read: (answer: unknown) => T | null },
  budget: Budget,
): Promise<Result<T, FailureOf<B>>> {
  if (!isConfigured(access)) return err('not_configured');
  const text = JSON.stringify(body);
  if (new TextEncoder().encode(text).byteLength > MAX_GATEWAY_REQUEST_BYTES) return err('refused');
  const deadlineAt = Math.min(budget.deadlineAt, access.clock() + access.timeoutMs);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      [GATEWAY_HEADERS.authorization]: `Bearer ${access.token}`,
      [GATEWAY_HEADERS.idempotencyKey]: attemptKey(idempotencyKey, attempt),
      [GATEWAY_HEADERS.version]: GATEWAY_VERSION,
    };
    const request = {
      url: joinUrl(access.endpoint, access.path),
      init: { method: 'POST', headers, body: text },
      limitMs: access.timeoutMs,
    } as const;
    const answered = await requestJson(access, request, { deadlineAt }, 'gateway');
    const outcome: Result<T, Failure> = answered.ok ? readAnswer(answered.value, body.task, read) : err(noAnswer(answered.error));
    if (outcome.ok) return outcome;
    // safe because readAnswer maps away the codes of the other task
    if (outcome.error !== 'invalid_output') return err(outcome.error as FailureOf<B>);
  }
  return err('invalid_output');
}

type FailureOf<B extends TranscribeBody | ParseBody> = B extends ParseBody ? ParseFailure['kind'] : TranscriptionFailure['kind'];

/** What a model writes is read without the characters that nobody sees. */
function readAnswer<T>(
  { status, body }: Pick<JsonAnswer, 'status' | 'body'>,
  task: 'transcribe' | 'parse',
  read: (answer: unknown) => T | null,
): Result<T, Failure> {
  if (status < 200 || status > 299) return err(failureOf(status, body, task));
  const value = read(mapTexts(body, visible));
  return value === null ? err('invalid_output') : ok(value);
}

/** A code counts if it belongs to the task; otherwise the status decides. */
function failureOf(status: number, body: unknown, task: 'transcribe' | 'parse'): Failure {
  const parsed = GatewayError.safeParse(body);
  const code = parsed.success ? parsed.data.code : undefined;
  if (code !== undefined && isKnownCode(code)) {
    const known = GATEWAY_CODES[code];
    if (known.task === 'both' || known.task === task) return known.failure;
  }
  if (status === 410 && task === 'transcribe') return 'media_url_expired';
  if (status === 408 || status === 504) return 'timed_out';
  if (status === 429) return 'rate_limited';
  return status >= 500 ? 'unreachable' : 'refused';
}

function isKnownCode(code: string): code is keyof typeof GATEWAY_CODES {
  return Object.hasOwn(GATEWAY_CODES, code);
}

/** A success without JSON is an invalid response; a redirect means that the gateway is not where it is configured. */
function noAnswer(failure: { readonly kind: 'timed_out' | 'unreachable' | 'bad_response'; readonly httpStatus: number | null }): Failure {
  if (failure.kind !== 'bad_response') return failure.kind;
  const { httpStatus } = failure;
  return httpStatus !== null && httpStatus >= 200 && httpStatus <= 299 ? 'invalid_output' : 'unreachable';
}
