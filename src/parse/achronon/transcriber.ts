import { err, ok } from '../../core/result.ts';
import { askGateway, isConfigured, readTranscript, transcribeBody, type GatewayAccess } from './client.ts';
import type { Transcriber } from '../ports.ts';

/**
 * Hosted transcription. A video that is known to be longer than `maxDurationSeconds` is refused as `too_long` without being
 * sent. The model is passed on as configured, `gpt-4o-mini-transcribe` too, which the boundary takes for `auto`.
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
