import { noteRead } from './envelope.ts';
import type { AppContext } from './context.ts';
import { payerOf } from './paid-request.ts';
import type { ReadOrder, ReadTrace } from '../read/order.ts';

/** Runs one paid read for this request: who pays, the read, and what of it belongs into the log line. */
export async function runRead(c: AppContext, order: Omit<ReadOrder, 'payer' | 'endpoint'>) {
  const payer = await payerOf(c);
  if (!payer.ok) return payer;
  const trace: ReadTrace = {};
  const { reader, sandbox } = c.var.service;
  const reading = await (payer.value.mode === 'test' ? sandbox : reader).read(
    { ...order, endpoint: c.req.path, payer: payer.value },
    trace,
  );
  noteRead(c, trace);
  return reading;
}
