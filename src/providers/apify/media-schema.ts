import { z } from 'zod';
import { flag, id, number, optionalList, requiredId, text, time } from '../adapter/fields.ts';
import { vendorSound } from '../adapter/music.ts';
import { vendorUsers } from '../adapter/users.ts';

const Kind = z.enum(['Image', 'Video', 'Sidecar']);

const assetFields = {
  type: Kind,
  displayUrl: text,
  videoUrl: text,
  videoDuration: number,
  alt: text,
  dimensionsWidth: number,
  dimensionsHeight: number,
  originalWidth: number,
  originalHeight: number,
};

export const ApifySlide = z.object({ ...assetFields, id, shortCode: text });
export type ApifySlide = z.infer<typeof ApifySlide>;

/** A post of the actor's data set. Its fields vary between runs for the same post. */
export const ApifyPost = z.object({
  ...assetFields,
  id: requiredId,
  shortCode: z.string().min(1),
  productType: text,
  caption: text,
  timestamp: time,
  ownerId: id,
  ownerUsername: text,
  ownerFullName: text,
  likesCount: number,
  commentsCount: number,
  latestComments: optionalList(z.object({})),
  videoPlayCount: number,
  videoViewCount: number,
  sharesCount: number,
  images: optionalList(z.string()),
  // Strict: dropping an unreadable slide would go unnoticed.
  childPosts: z.array(ApifySlide).nullish(),
  audioUrl: text,
  musicInfo: vendorSound,
  locationId: id,
  locationName: text,
  taggedUsers: vendorUsers,
  coauthorProducers: vendorUsers,
  paidPartnership: flag,
  isSponsored: flag,
  sponsors: vendorUsers,
  isPinned: flag,
  isCommentsDisabled: flag,
});
export type ApifyPost = z.infer<typeof ApifyPost>;

/** An item that says why there is no post. Comes inside a success and is billed like a post. */
export const ApifyErrorItem = z.object({
  error: z.string().min(1),
  id: z.undefined().optional(),
  requestErrorMessages: optionalList(z.string()),
});
export type ApifyErrorItem = z.infer<typeof ApifyErrorItem>;

export const ApifyRefusal = z.object({ error: z.object({ type: text, message: text }) });
