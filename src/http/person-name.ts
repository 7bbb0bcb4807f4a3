import { z } from '@hono/zod-openapi';

/** Long enough for any team's name, short enough to print. Characters after trimming. */
const LONGEST_NAME = 100;

/** A name that people give: trimmed. Invisible and control characters in it are only ever used to deceive. */
export const personName = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST_NAME)
  .refine((text) => !/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(text), 'must not contain control characters');
