import { z } from 'zod';
import type { Id, IdPrefix } from '../core/ids.ts';
import { microCredits } from '../core/money.ts';

/** An id, branded again. Fails on another prefix: such a row is a bug. */
export const idColumn = <P extends IdPrefix>(prefix: P) =>
  z.templateLiteral([`${prefix}_`, z.string().min(1)]).transform((id): Id<P> => `${prefix}_${id.slice(prefix.length + 1)}`);

/** An amount, branded again. */
export const microsColumn = z.int().transform(microCredits);

/** Later than any time or sequence number in a row: the open end of a range. */
export const END_OF_TIME = 9_007_199_254_740_991;
