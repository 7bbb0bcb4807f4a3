import { canonicalUrl, type InstagramMedia } from '../../instagram/media.ts';
import type { MediaTarget } from '../../instagram/target.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { apifyMedia } from './media.ts';
import { fetchApifyComments } from './comments.ts';
import { apifyProblem, MIN_RUN_CHARGE_CAP_USD, runActor } from './run.ts';
import { ApifyPost } from './media-schema.ts';
import { fetchApifyTranscript } from './transcript.ts';
import type { CommentsProvider, Provider, ProviderFailureKind, TranscriptProvider } from '../provider.ts';
import type { VendorAccess } from '../adapter/call.ts';

/** RateLimitResult at 7 s per post with full detail. The post scraper's basic data has no slides. */
const ACTOR = 'apify~instagram-api-scraper';

/** Creates the adapter of Apify, which starts an actor and waits for its data set. https://docs.apify.com/api/v2 */
export function createApify(access: VendorAccess): Provider & CommentsProvider & TranscriptProvider {
  return {
    id: 'apify',
    fetchMedia: (target, budget) => {
      const input = {
        directUrls: [canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image')],
        resultsType: 'posts',
        resultsLimit: 1,
      };
      const read = (items: readonly unknown[]) => readPost(items, target);
      return runActor(access, { actor: ACTOR, body: 'post', input, maxChargeUsd: MIN_RUN_CHARGE_CAP_USD, read, count: () => 1 }, budget);
    },
    fetchComments: (request, budget) => fetchApifyComments(access, request, budget),
    fetchTranscript: (target, _durationSeconds, budget) => fetchApifyTranscript(access, target, budget),
  };
}

function readPost(items: readonly unknown[], target: MediaTarget): Result<InstagramMedia, ProviderFailureKind> {
  // A successful run without any item does not say why.
  if (items.length === 0) return err('unavailable');
  const posts = items.flatMap((item) => {
    const post = ApifyPost.safeParse(item);
    return post.success ? [post.data] : [];
  });
  const post = posts.find((candidate) => candidate.shortCode === target.shortcode);
  if (post === undefined) return err(apifyProblem(items));
  const media = apifyMedia(post);
  return media === null ? err('bad_response') : ok(media);
}
