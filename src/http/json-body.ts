import { z } from '@hono/zod-openapi';
import { closestName } from '../core/closest-name.ts';

/** Alone in the message of an issue it is the name of a field; sentences have spaces. */
const FIELD_NAME = /^\w+$/;

/** An object in the body of a request. It refuses unknown fields; `meantField` tells which known one was probably meant. */
export function jsonObject<const S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: ({ code, keys }) => (code === 'unrecognized_keys' ? meantBy(keys, known) : undefined),
  });
}

/** The field that was meant by an unknown one; null where none is close, or the issue is another. */
export function meantField({ code, message }: z.core.$ZodIssue): string | null {
  return code === 'unrecognized_keys' && FIELD_NAME.test(message) ? message : null;
}

function meantBy(names: readonly string[], known: readonly string[]): string | undefined {
  return names.map((name) => closestName(name, known)).find((meant) => meant !== null) ?? undefined;
}
