import { z } from 'zod';
import { isJsonObject } from '../../core/json.ts';
import type { InstagramUser } from '../../instagram/media.ts';
import { toUser, VendorUser } from './fields.ts';

/** Where a tag or a sponsorship holds its user: the app, its permission records, the web. */
const HOLDERS = ['user', 'sponsor', 'node'] as const;

/** The web holds a user in `node.user`; deeper nesting has not been seen. */
const MAX_DEPTH = 3;

/** A username, in an actor's list of names instead of users. */
const USERNAME = /^@?([A-Za-z0-9._]{1,30})$/;

/**
 * A list of users in any nesting of the platform: a list, or one under `in` (the app) or `edges` (the web), of users, of tags that hold one,
 * or of names. What cannot be read is left out; null when there is no list.
 */
export const vendorUsers = z
  .unknown()
  .optional()
  .transform((value): readonly InstagramUser[] | null => {
    const list = isJsonObject(value) ? (value['in'] ?? value['edges']) : value;
    if (!Array.isArray(list)) return null;
    return list.flatMap((item: unknown) => {
      const user = readUser(item, MAX_DEPTH);
      return user === null ? [] : [user];
    });
  });

function readUser(value: unknown, depth: number): InstagramUser | null {
  if (typeof value === 'string') {
    const username = USERNAME.exec(value)?.[1];
    return username === undefined ? null : { id: null, username, fullName: null, isVerified: null };
  }
  if (!isJsonObject(value)) return null;
  const holder = HOLDERS.find((key) => isJsonObject(value[key]));
  if (holder !== undefined) return depth === 0 ? null : readUser(value[holder], depth - 1);
  const user = VendorUser.safeParse(value);
  return user.success ? toUser(user.data) : null;
}
