import type { z } from '@hono/zod-openapi';

/** What clients send for a value that they do not have. */
export function isLeftOut(value: string): boolean {
  return value === '' || value === 'null';
}

/**
 * The value of a parameter in the spelling that its schema describes: `True` and `1` become `true`, `100.0` becomes `100`, and letters
 * their lower case. Null where an optional parameter counts as left out. A value without such a spelling stays, for the schema to refuse.
 */
export function plainValue(schema: z.ZodType, value: string): string | null {
  if (isLeftOut(value) && schema.isOptional()) return null;
  const whole = /^(\d+)\.0+$/.exec(value)?.[1] ?? value;
  const flag = whole === '1' ? 'true' : whole === '0' ? 'false' : value;
  return [value, value.toLowerCase(), whole, flag].find((spelling) => schema.safeParse(spelling).success) ?? value;
}
