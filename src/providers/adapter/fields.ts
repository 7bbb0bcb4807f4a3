import { z } from 'zod';
import type { CommentFacts } from '../../instagram/comment.ts';
import { textOrNull } from '../../instagram/facts.ts';
import type { InstagramMedia, InstagramUser } from '../../instagram/media.ts';
import type { MediaTarget } from '../../instagram/target.ts';

// Vendors change their bodies without notice. A field that nothing depends on is null when it is missing or of another type;
// only what makes an answer usable (an id, a shortcode, the kind of media) may fail a body.

/** A text that may be missing. */
export const text = z.string().nullish().catch(null);

/** A number that may be missing. */
export const number = z.number().nullish().catch(null);

/** A yes or no that may be missing. */
export const flag = z.boolean().nullish().catch(null);

/** An id, which vendors send as text, as a number, or (upstream.ts) as the digits of a number too large for one. */
export const requiredId = z.union([z.string().min(1), z.int().nonnegative().transform(String)]);

/** The same, where it may be missing. */
export const id = requiredId.nullish().catch(null);

/** An object or list that may be missing, and is null rather than a failure when it can't be read. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().catch(null);
}

/** A list of side information: what can't be read in it is left out, and no list at all is null. */
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

/** A person as every vendor names one, the spelling of the platform's own API. */
export const VendorUser = z.object({ pk_id: id, pk: id, id, username: text, full_name: text, is_verified: flag });
export type VendorUser = z.infer<typeof VendorUser>;

/** A vendor's person in the public shape. An empty name is none. */
export function toUser(user: VendorUser): InstagramUser {
  return {
    id: user.pk_id ?? user.pk ?? user.id ?? null,
    username: textOrNull(user.username),
    fullName: textOrNull(user.full_name),
    isVerified: user.is_verified ?? null,
  };
}

/** The media id in front of `_` and the owner's id; null for what is no id of the platform, such as "POLARIS_…". */
export function mediaId(value: string | null | undefined): string | null {
  return /^(\d+)(?:_\d+)?$/.exec(value ?? '')?.[1] ?? null;
}

/** A video counts as a reel when the vendor says so, or when it says nothing and the URL asked for was a reel's. */
export function videoType(productType: string | null | undefined, hint: MediaTarget['hint']): InstagramMedia['type'] {
  const product = textOrNull(productType);
  if (product === null) return hint === 'reel' ? 'reel' : 'video';
  return product === 'clips' ? 'reel' : 'video';
}

/** Whether the author hides the likes: said by the flag or by a count below zero; undefined when nothing tells. */
export function likesHidden(isDisabled: boolean | null | undefined, likes: number | null | undefined): boolean | undefined {
  if (isDisabled === true || (likes != null && likes < 0)) return true;
  return isDisabled ?? undefined;
}

/** Whether a list of pins holds one; undefined when there is no list. */
export function hasEntries(list: readonly unknown[] | null | undefined): boolean | undefined {
  return list == null ? undefined : list.length > 0;
}

/** A music credit, as the platform's web API spells it. */
export const VendorMusic = z.object({ artist_name: text, song_name: text, audio_id: id, uses_original_audio: flag });

/** Converts a vendor's music credit. Null when there is none. */
export function toMusic(music: z.infer<typeof VendorMusic> | null | undefined): InstagramMedia['music'] {
  if (music == null) return null;
  return {
    title: textOrNull(music.song_name),
    artist: textOrNull(music.artist_name),
    audioId: music.audio_id ?? null,
    isOriginalAudio: music.uses_original_audio ?? null,
  };
}

/** One rendition of a picture or video. */
export const Rendition = z.object({ url: z.string(), width: number, height: number });
export type Rendition = z.infer<typeof Rendition>;

/** The rendition with the most pixels; the first of equals. Null when there is none. */
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

/** The id of a comment. It becomes part of a permalink, so only characters that stand for themselves there are let through. */
export const commentId = requiredId.pipe(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/));

/** A vendor's cursor, which may come as a number; null where there is none. */
export const cursor = id.transform(textOrNull);

/**
 * The list that was asked for. What can't be read in it is left out, but a list of nothing readable fails the body: it would
 * pass for an empty one.
 */
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

/** Who wrote a comment, in the same spelling. */
export const VendorAuthor = VendorUser.extend({ is_private: flag, profile_pic_url: text });
export type VendorAuthor = z.infer<typeof VendorAuthor>;

/** A vendor's author as a fact about a comment. */
export function toAuthor(user: VendorAuthor | null | undefined): CommentFacts['owner'] {
  if (user == null) return {};
  return { ...toUser(user), isPrivate: user.is_private ?? null, avatarUrl: user.profile_pic_url ?? null };
}

/** An ISO 8601 time in unix milliseconds; null when it can't be read. */
export function isoToMs(time: string | null | undefined): number | null {
  const unixMs = Date.parse(time ?? '');
  return Number.isNaN(unixMs) ? null : unixMs;
}
