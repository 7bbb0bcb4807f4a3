import type { ResponseText } from '../../billing/idempotency/response-seal.ts';

/** Adds the balance after the first call, which was not known yet when its response was sealed. Null leaves the body as it is. */
export function withBalance(stored: ResponseText, available: number | null): ResponseText {
  if (stored.body === '') return stored;
  const parsed: unknown = JSON.parse(stored.body);
  if (available === null || typeof parsed !== 'object' || parsed === null || !('usage' in parsed)) return stored;
  const usage = { ...Object(parsed.usage), balanceMicroCredits: available };
  return { ...stored, body: JSON.stringify({ ...parsed, usage }) };
}
