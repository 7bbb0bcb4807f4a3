import { canonicalUrl, type InstagramMedia } from '../../instagram/media.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { instagramMessage } from '../adapter/instagram-messages.ts';
import type { CommentsProvider, Provider, ProviderFailureKind, TranscriptProvider } from '../provider.ts';
import { creditsUsed, scrapeCreatorsProblem, scrapeCreatorsRequest } from './requests.ts';
import { fetchScrapeCreatorsComments } from './comments.ts';
import { scrapeCreatorsMedia } from './media.ts';
import { PostEnvelope, PostNode, Withheld } from './media-schema.ts';
import { fetchScrapeCreatorsTranscript } from './transcript.ts';
import type { JsonAnswer } from '../../net/fetch-json.ts';
import { callForMedia, type VendorAccess } from '../adapter/call.ts';

const ENDPOINT = '/v1/instagram/post';

/** Creates the adapter of ScrapeCreators: plain GETs; a post comes in the platform's web GraphQL format. https://docs.scrapecreators.com */
export function createScrapeCreators(access: VendorAccess): Provider & CommentsProvider & TranscriptProvider {
  return {
    id: 'scrapecreators',
    fetchMedia: (target, budget) => {
      // Without a query: `igsh` and `img_index` make the vendor's look-up fail. Trimming would drop the dimensions.
      const url = canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image');
      const request = scrapeCreatorsRequest(access, ENDPOINT, { url, trim: 'false' });
      const call = {
        provider: 'scrapecreators',
        endpoint: ENDPOINT,
        request,
        read: readScrapeCreators,
        usage: creditsUsed,
        target,
      } as const;
      return callForMedia(access, call, budget);
    },
    fetchComments: (request, budget) => fetchScrapeCreatorsComments(access, request, budget),
    fetchTranscript: (target, durationSeconds, budget) => fetchScrapeCreatorsTranscript(access, { target, durationSeconds }, budget),
  };
}

function readScrapeCreators(answer: JsonAnswer): Result<InstagramMedia, ProviderFailureKind> {
  const problem = scrapeCreatorsProblem(answer);
  if (problem !== null) return err(problem);
  const envelope = PostEnvelope.safeParse(answer.body);
  if (!envelope.success) return err('bad_response');
  const held = envelope.data.data ?? envelope.data;

  const isOwnerPrivate = (held.owner ?? envelope.data.owner)?.is_private === true;
  if (held.xdt_shortcode_media === null) return err(isOwnerPrivate ? 'private' : 'not_found');
  const withheld = whyWithheld(held.xdt_shortcode_media);
  if (withheld !== null) return err(withheld);
  const post = PostNode.safeParse(held.xdt_shortcode_media);
  const media = post.success ? scrapeCreatorsMedia(post.data) : null;
  return media === null ? err(instagramMessage(answer.body) ?? 'bad_response') : ok(media);
}

/** A gate means age or sensitivity; a private owner without any file means a private post. */
function whyWithheld(post: unknown): ProviderFailureKind | null {
  const seen = Withheld.safeParse(post);
  if (!seen.success) return null;
  if (seen.data.gating_info != null) return 'age_restricted';
  const hasFile = seen.data.display_url != null || seen.data.video_url != null;
  return seen.data.owner?.is_private === true && !hasFile ? 'private' : null;
}
