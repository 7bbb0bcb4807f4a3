import { z } from 'zod';
import type { Id, IdPrefix } from '../core/ids.ts';

/** Brands an id read from the database. Fails on another prefix: such a row is a bug. */
export const idColumn = <P extends IdPrefix>(prefix: P) =>
  z.templateLiteral([`${prefix}_`, z.string().min(1)]).transform((id): Id<P> => `${prefix}_${id.slice(prefix.length + 1)}`);
