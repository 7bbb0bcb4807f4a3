import { z } from '@hono/zod-openapi';
import type { TypedResponse } from 'hono';
import { ERROR_ROWS, type ErrorCode, ERRORS, type Refusal } from '../errors.ts';
import type { AppContext } from './context.ts';
import { publicOrigin } from './origin.ts';

/** For errors that may pass by themselves, but nobody knows when. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

const EXAMPLE_REQUEST_ID = 'req_01JZ0000000000000000000000';

const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]; // safe because the table is not empty and has only these keys

export const ErrorBody = z
  .object({
    error: z.object({
      code: z.enum(codes).openapi({ description: 'What went wrong, for programs: it does not change.' }),
      message: z.string().openapi({ description: 'What went wrong, for people: the wording may change.' }),
      requestId: z.string().openapi({ description: 'Quote it to the operator.' }),
      retryable: z.boolean().openapi({ description: 'Whether the same request, unchanged, may succeed later.' }),
      billed: z
        .boolean()
        .nullable()
        .openapi({
          description:
            'False: errors are never charged. Null, only with `overloaded` under an Idempotency-Key: the charge is not known yet. Repeat the ' +
            'request with the same key; it is answered with what was paid for, or carried out if nothing was.',
        }),
      remedy: z.string().openapi({ description: 'What to do about it, for agents and people: the same for every error of this code.' }),
      retryAfterSeconds: z
        .int()
        .positive()
        .optional()
        .openapi({ description: 'Of a retryable error: when to send the request again, as `Retry-After` says.' }),
      docUrl: z.string().openapi({ description: 'The documentation of this code.' }),
      details: z
        .record(z.string(), z.any())
        .optional()
        .openapi({ description: 'Facts about the error that depend on `code`: amounts, reasons, names of parameters.' }),
    }),
  })
  .openapi('Error');
export type ErrorBody = z.infer<typeof ErrorBody>;

/** The same error as a problem of RFC 9457, where `Accept` prefers it. */
const Problem = ErrorBody.shape.error
  .omit({ docUrl: true, message: true })
  .extend({
    type: z.string().openapi({ description: 'The documentation of this code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: 'What went wrong, for people: the wording may change.' }),
  })
  .openapi('Problem', {
    description: 'The error as a problem of RFC 9457, with its facts as extension members.',
    example: {
      type: '/docs/errors#post_not_found',
      title: 'post not found',
      status: 404,
      detail: 'There is no post under this URL.',
      code: 'post_not_found',
      requestId: EXAMPLE_REQUEST_ID,
      retryable: false,
      billed: false,
      remedy: ERROR_ROWS.post_not_found.callerAction,
    },
  });

type StatusOf<C extends ErrorCode> = (typeof ERRORS)[C]['status'];

/** Answers with the status and headers that the table of errors gives the code. */
export function refuse<C extends ErrorCode>(c: AppContext, refusal: Refusal<C>): Response & TypedResponse<ErrorBody, StatusOf<C>, 'json'> {
  const row = ERROR_ROWS[refusal.code];
  c.get('event').errorCode = refusal.code;
  if (row.status === 401) c.header('WWW-Authenticate', 'Bearer realm="igskill"');
  const body = errorBody(refusal, c.get('requestId'), publicOrigin(c));
  const { retryAfterSeconds } = body.error;
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
  c.header('Cache-Control', 'no-store');
  // safe because the row of this code was looked up by the code itself
  const status = row.status as StatusOf<C>;
  return c.json(body, status);
}

/** `origin` is where this API is, so that `docUrl` can be followed; null makes it a path. */
export function errorBody(refusal: Refusal, requestId: string, origin: string | null): ErrorBody {
  const row = ERROR_ROWS[refusal.code];
  const isRetryable = row.retry === 'after_delay';
  return {
    error: {
      code: refusal.code,
      message: refusal.message ?? row.summary,
      requestId,
      retryable: isRetryable,
      billed: refusal.billed === undefined ? row.billed : refusal.billed,
      remedy: row.callerAction,
      ...(isRetryable ? { retryAfterSeconds: refusal.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS } : {}),
      docUrl: `${origin ?? ''}/docs/errors#${refusal.code}`,
      ...(refusal.details === undefined ? {} : { details: { ...refusal.details } }),
    },
  };
}

type ErrorResponse = {
  description: string;
  content: {
    'application/json': { schema: typeof ErrorBody; examples: Record<string, { value: ErrorBody }> };
    'application/problem+json': { schema: typeof Problem };
  };
};

/** Groups the errors that a route can return by status, for the API description. */
export function errorResponses<const C extends readonly ErrorCode[]>(...declared: C): { [S in StatusOf<C[number]>]: ErrorResponse } {
  const byStatus: Record<number, ErrorResponse> = {};
  for (const code of declared) {
    const row = ERROR_ROWS[code];
    const response = (byStatus[row.status] ??= {
      description: '',
      content: { 'application/json': { schema: ErrorBody, examples: {} }, 'application/problem+json': { schema: Problem } },
    });
    response.description = [response.description, `\`${code}\`: ${row.summary}`].filter((text) => text !== '').join(' ');
    response.content['application/json'].examples[code] = { value: errorBody({ code }, EXAMPLE_REQUEST_ID, null) };
  }
  return byStatus;
}
