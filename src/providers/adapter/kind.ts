import { textOrNull } from '../../instagram/facts.ts';
import type { MediaFacts } from '../../instagram/media.ts';

export type Kind = 'image' | 'video' | 'carousel';

/** What a vendor says about the kind of a post or slide. Each of it has been seen to be wrong or missing. */
export type KindEvidence = {
  /** The kind that the vendor names; null when it names none. */
  readonly said: Kind | null;
  readonly productType?: string | null | undefined;
  readonly videoUrl?: string | null | undefined;
  readonly durationSeconds?: number | null | undefined;
  readonly slides?: readonly unknown[] | null | undefined;
};

/** The platform's product types that are videos whatever else is said: reels, and the former IGTV. */
const VIDEO_PRODUCTS: ReadonlySet<string> = new Set(['clips', 'igtv']);

/**
 * Decides the kind by all evidence: slides make a carousel, and a video file, a duration or the product of a video make a video even where
 * the vendor says "image". Null when nothing says what it is.
 */
export function kindOf({ said, productType, videoUrl, durationSeconds, slides }: KindEvidence): Kind | null {
  const product = productType ?? '';
  if ((slides ?? []).length > 0) return 'carousel';
  if (VIDEO_PRODUCTS.has(product)) return 'video';
  if (said === 'carousel' || product === 'carousel_container') return 'carousel';
  const isFilm = textOrNull(videoUrl) !== null || (durationSeconds ?? 0) > 0;
  return isFilm ? 'video' : said;
}

/** The type of a post of this kind. Without a product type it stays open whether a video is a reel. */
export function typeFacts(kind: Kind, productType: string | null | undefined): Pick<MediaFacts, 'type' | 'isReelUntold'> {
  if (kind !== 'video') return { type: kind };
  const product = textOrNull(productType);
  return product === null ? { type: 'video', isReelUntold: true } : { type: product === 'clips' ? 'reel' : 'video' };
}
