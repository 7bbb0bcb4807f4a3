import { DAY_MS } from '../../core/clock.ts';
import { assembleMedia, type AssetFacts, type InstagramMedia, type MediaFacts } from '../../instagram/media.ts';
import { mediaIdFromShortcode } from '../../instagram/shortcode.ts';
import type { SampleRequest } from '../model/part.ts';
import { SAMPLE_OWNER } from './outputs.ts';

/** How a sample post differs from a complete reel. `now` in unix milliseconds. */
export type MediaSample = {
  readonly type?: InstagramMedia['type'];
  readonly facts?: (now: number) => Partial<MediaFacts>;
};

/** A media address that carries its own expiry as the platform writes it: hexadecimal seconds. */
export const sampleUrl = (name: string, expiresAtMs: number): string =>
  `https://scontent.cdninstagram.com/v/t51.2885-15/${name}?oe=${Math.floor(expiresAtMs / 1_000)
    .toString(16)
    .toUpperCase()}`;

/** Invents a post: a reel where the variant names no type. */
export function sampleMedia({ shortcode, now, variant }: SampleRequest<MediaSample>): InstagramMedia {
  const type = variant?.type ?? 'reel';
  const isVideo = type === 'reel' || type === 'video';
  const asset: AssetFacts = isVideo
    ? { type: 'video', url: sampleUrl('sample.mp4', now + DAY_MS), width: 720, height: 1280, durationSeconds: 21.4 }
    : { type: 'image', url: sampleUrl('sample.jpg', now + DAY_MS), width: 1080, height: 1350, altText: 'Photo of a loaf of bread.' };
  const facts: MediaFacts = {
    shortcode,
    id: mediaIdFromShortcode(shortcode),
    type,
    caption: 'Two folds and a long rest. Thanks @sandbox.mill! #bread',
    owner: {
      id: '4815162342',
      username: SAMPLE_OWNER,
      fullName: 'Sandbox Baker',
      isVerified: false,
      isPrivate: false,
      avatarUrl: sampleUrl('avatar.jpg', now + DAY_MS),
      followers: 1_204,
    },
    takenAtMs: now - DAY_MS,
    metrics: { likes: 312, comments: 14, shares: 5, reposts: 2, ...(isVideo ? { plays: 4_011, views: 2_100 } : {}) },
    assets: [asset],
    children:
      type === 'carousel'
        ? [
            { ...asset, id: '1', shortcode: `${shortcode}a` },
            { ...asset, id: '2', shortcode: `${shortcode}b` },
          ]
        : null,
    paidPartnership: false,
    music: isVideo ? { title: 'Original audio', artist: SAMPLE_OWNER, audioId: '1306000000000001', isOriginalAudio: true } : null,
    flags: { likesHidden: false, commentsDisabled: false, isPinned: false },
    ...variant?.facts?.(now),
  };
  return assembleMedia(facts);
}
