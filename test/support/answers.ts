import type { z } from '@hono/zod-openapi';
import { expect } from 'vitest';
import { ErrorBody } from '../../src/http/error-response.ts';
import type { Answer } from './api.ts';

type Usage = {
  reservedMicroCredits: number;
  settledMicroCredits: number;
  refundedMicroCredits: number;
  balanceMicroCredits: number | null;
  receiptId: string | null;
  lines: { reservedMicroCredits: number; settledMicroCredits: number; refundedMicroCredits: number }[];
};

/** The part of a paid answer that every endpoint has. */
export function usageOf(answer: Answer): Usage {
  // safe because each caller has parsed the body with the endpoint's published schema
  return (answer.body as { usage: Usage }).usage;
}

/** The error of an answer, proven to have the one published shape. */
export function errorOf(answer: Answer): z.infer<typeof ErrorBody>['error'] {
  const { error } = ErrorBody.parse(answer.body);
  expect(answer.headers.get('X-Request-Id')).toBe(error.requestId);
  return error;
}
