/** A later version than 00 may add fields, each behind another hyphen. */
const FORMAT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** The trace id of a `traceparent` header (W3C Trace Context); undefined without a valid one. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const [, version, traceId, more] = FORMAT.exec(traceparent ?? '') ?? [];
  return version === '00' && more !== undefined ? undefined : traceId;
}
