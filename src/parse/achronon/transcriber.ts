import { err, ok } from '../../core/result.ts';
import { askGateway, isConfigured, readTranscript, transcribeBody, type GatewayAccess } from './client.ts';
import type { Transcriber } from '../ports.ts';

/**
 * Creates the transcriber that calls the gateway. A video known to exceed `maxDurationSeconds` is `too_long` without a call. Passes the
 * model through as configured, including `gpt-4o-mini-transcribe`, which the gateway treats as `auto`.
 */
export function createTranscriber(access: GatewayAccess & { readonly maxDurationSeconds: number }): Transcriber {
  const { maxDurationSeconds, model } = access;
  return {
    configured: isConfigured(access),
    model,
    transcribe: async (request, idempotencyKey, budget) => {
      if (!isConfigured(access)) return err({ kind: 'not_configured' });
      if ((request.durationSeconds ?? 0) > maxDurationSeconds) return err({ kind: 'too_long' });
      const body = transcribeBody(request, model, maxDurationSeconds);
      const read = (answer: unknown) => readTranscript(answer, maxDurationSeconds);
      const answered = await askGateway(access, { body, idempotencyKey, read }, budget);
      return answered.ok ? ok(answered.value) : err({ kind: answered.error });
    },
  };
}
