import { type Call, json, type Reply } from './server.ts';

/** Stripe. Nothing calls it yet, so every path is refused in Stripe's own error shape. */
export function stripeStandIn(): (call: Call) => Reply {
  const message = 'The local stand-in for Stripe has no endpoints yet.';
  return (call) => ({
    kind: 'answer',
    shortcode: null,
    answer: json(404, { error: { type: 'invalid_request_error', message: `${message} (${call.method} ${call.url.pathname})` } }),
  });
}
