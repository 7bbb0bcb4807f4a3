import { z } from 'zod';
import type { CommentFacts } from '../../instagram/comment.ts';
import { textOrNull } from '../../instagram/facts.ts';
import type { InstagramUser } from '../../instagram/media.ts';

// Vendors change their bodies without notice. A field that nothing depends on is null when it is missing or has another type; only what
// makes a response usable (an id, a shortcode, the kind of media) may fail a body.

export const text = z.string().nullish().catch(null);

export const number = z.number().nullish().catch(null);

export const flag = z.boolean().nullish().catch(null);

/** A required id. Vendors send text, a number, or the digits of a number beyond 2^53 (net/fetch-json.ts). */
export const requiredId = z.union([z.string().min(1), z.int().nonnegative().transform(String)]);

export const id = requiredId.nullish().catch(null);

/** An optional object or list: null when it cannot be read. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().catch(null);
}

/** An optional list of secondary data. Unreadable items are dropped; null when there is no list. */
export function optionalList<T extends z.ZodType>(schema: T) {
  return z
    .array(z.unknown())
    .nullish()
    .catch(null)
    .transform((items) =>
      items == null
        ? null
        : items.flatMap((item): z.output<T>[] => {
            const parsed = schema.safeParse(item);
            return parsed.success ? [parsed.data] : [];
          }),
    );
}

/** A user in the spelling of the platform's API, which all vendors use. */
export const VendorUser = z.object({ pk_id: id, pk: id, id, username: text, full_name: text, is_verified: flag });
export type VendorUser = z.infer<typeof VendorUser>;

/** Converts a vendor's user. An empty name becomes null. */
export function toUser(user: VendorUser): InstagramUser {
  return {
    id: user.pk_id ?? user.pk ?? user.id ?? null,
    username: textOrNull(user.username),
    fullName: textOrNull(user.full_name),
    isVerified: user.is_verified ?? null,
  };
}

/** Returns the media id before `_` and the owner's id. Null for anything that is not an id of the platform, such as "POLARIS_…". */
export function mediaId(value: string | null | undefined): string | null {
  return /^(\d+)(?:_\d+)?$/.exec(value ?? '')?.[1] ?? null;
}

/** Whether the author hides the likes, by the flag or by a negative count; undefined when unknown. */
export function likesHidden(isDisabled: boolean | null | undefined, likes: number | null | undefined): boolean | undefined {
  if (isDisabled === true || (likes != null && likes < 0)) return true;
  return isDisabled ?? undefined;
}

/** Whether a list has entries; undefined without a list. */
export function hasEntries(list: readonly unknown[] | null | undefined): boolean | undefined {
  return list == null ? undefined : list.length > 0;
}

export const Rendition = z.object({ url: z.string(), width: number, height: number });
export type Rendition = z.infer<typeof Rendition>;

/** Returns the rendition with the most pixels, the first of equals; null when there is none. */
export function largest(renditions: readonly Rendition[] | null | undefined): Rendition | null {
  let best: Rendition | null = null;
  for (const rendition of renditions ?? []) {
    if (best === null || pixels(rendition) > pixels(best)) best = rendition;
  }
  return best;
}

function pixels(rendition: Rendition): number {
  return (rendition.width ?? 0) * (rendition.height ?? 0);
}

/** A comment's id. Limited to characters that are safe in the permalink it becomes part of. */
export const commentId = requiredId.pipe(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/));

/** A vendor's cursor, sometimes a number; null where there is none. */
export const cursor = id.transform(textOrNull);

/** The requested list. Unreadable items are dropped, but a list without a readable item fails the body: it would pass for an empty one. */
export function mainList<T extends z.ZodType>(schema: T) {
  return z.array(z.unknown()).transform((items, ctx): z.output<T>[] => {
    const read = items.flatMap((item): z.output<T>[] => {
      const parsed = schema.safeParse(item);
      return parsed.success ? [parsed.data] : [];
    });
    if (items.length > 0 && read.length === 0) ctx.addIssue({ code: 'custom', message: 'nothing in the list can be read' });
    return read;
  });
}

/** A comment's author in the spelling of the platform's API. */
export const VendorAuthor = VendorUser.extend({ is_private: flag, profile_pic_url: text });
export type VendorAuthor = z.infer<typeof VendorAuthor>;

/** Converts a comment's author; empty when the vendor gave none. */
export function toAuthor(user: VendorAuthor | null | undefined): CommentFacts['owner'] {
  if (user == null) return {};
  return { ...toUser(user), isPrivate: user.is_private ?? null, avatarUrl: user.profile_pic_url ?? null };
}

/** From here on a number is milliseconds: as seconds it is the year 5138, as milliseconds 1973. */
const FIRST_MILLISECONDS = 100_000_000_000;

/** Unix seconds or milliseconds as text. */
const UNIX_TIME = /^\d{9,13}(?:\.\d+)?$/;

/** `Date.parse` alone takes almost any text with a digit for a time. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]|$)/;

/** A time as unix milliseconds, from ISO 8601 or from unix seconds or milliseconds, as a number or as text. Null when unreadable, or 0. */
export const time = z
  .union([z.number(), z.string()])
  .nullish()
  .catch(null)
  .transform((given): number | null => {
    const unix = typeof given === 'string' && UNIX_TIME.test(given) ? Number(given) : given;
    if (typeof unix === 'string') return ISO_TIME.test(unix) && !Number.isNaN(Date.parse(unix)) ? Date.parse(unix) : null;
    if (unix == null || unix <= 0) return null;
    return unix < FIRST_MILLISECONDS ? unix * 1_000 : unix;
  });
