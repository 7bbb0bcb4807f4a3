import { type Call, json, type Reply } from './server.ts';

/** The hosted transcription and parsing service. Nothing calls it yet, so every path is refused in that service's shape. */
export function achrononStandIn(): (call: Call) => Reply {
  const error = { code: 'not_found', message: 'The local stand-in for Achronon has no endpoints yet.' };
  return () => ({ kind: 'answer', shortcode: null, answer: json(404, { error }) });
}
