import { z } from 'zod';

const Failed = z.object({ error: z.looseObject({ code: z.string(), message: z.string(), docUrl: z.string() }) });

/** Writes an error of this API as a problem of RFC 9457, which has its facts as extension members. */
export function problemOf(body: unknown, status: number): Readonly<Record<string, unknown>> {
  const { docUrl, code, message, ...facts } = Failed.parse(body).error;
  return { type: docUrl, title: code.replaceAll('_', ' '), status, detail: message, code, ...facts };
}
