import { canonicalUrl, type InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import { err, ok, type Result } from '../result.ts';
import { NOTHING_USED, type VendorUsage } from './costs.ts';
import { instagramMessage, isJsonObject } from './instagram-messages.ts';
import { callForMedia, type VendorAccess } from './media-call.ts';
import type { Provider, ProviderFailureKind } from './provider.ts';
import { scrapeCreatorsMedia } from './scrapecreators-media.ts';
import { PostEnvelope, PostNode, Withheld } from './scrapecreators-schema.ts';
import { joinUrl, type JsonAnswer, type JsonFailure } from './upstream.ts';

/** How long one call may take, in milliseconds. The vendor publishes no figure; beyond this the next vendor is the better use of a 25 s read. */
export const SCRAPECREATORS_LIMIT_MS = 10_000;

const ENDPOINT = '/v1/instagram/post';

/** ScrapeCreators: one GET answers with the platform's web GraphQL post. https://docs.scrapecreators.com */
export function createScrapeCreators(access: VendorAccess): Provider {
  return {
    id: 'scrapecreators',
    fetchMedia: (target, budget) => {
      // Rebuilt without a query: `igsh` and `img_index` make the vendor's look-up fail. Trimming would drop the dimensions.
      const url = canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image');
      const request = {
        url: joinUrl(access.baseUrl, ENDPOINT, { url, trim: 'false' }),
        init: { method: 'GET', headers: { accept: 'application/json', 'x-api-key': access.key } },
        limitMs: SCRAPECREATORS_LIMIT_MS,
      } as const;
      const call = { provider: 'scrapecreators', endpoint: ENDPOINT, request, read: readScrapeCreators, usage: creditsUsed } as const;
      return callForMedia(access, call, target, budget);
    },
  };
}

/** Reads an answer: by HTTP status first, because a 404's body may say `success: true`. */
function readScrapeCreators(answer: JsonAnswer, target: MediaTarget): Result<InstagramMedia, ProviderFailureKind> {
  const envelope = PostEnvelope.safeParse(answer.body);
  if (answer.status < 200 || answer.status > 299) return err(refusal(answer.status, answer.body));
  if (!envelope.success) return err('bad_response');
  const { data, success, errorStatus, error } = envelope.data;
  const held = data ?? envelope.data;
  if (success === false || error != null)
    return err(error === 'not_found' ? 'not_found' : refusal(errorStatus ?? answer.status, answer.body));

  const isOwnerPrivate = (held.owner ?? envelope.data.owner)?.is_private === true;
  if (held.xdt_shortcode_media === null) return err(isOwnerPrivate ? 'private' : 'not_found');
  const withheld = whyWithheld(held.xdt_shortcode_media);
  if (withheld !== null) return err(withheld);
  const post = PostNode.safeParse(held.xdt_shortcode_media);
  const media = post.success ? scrapeCreatorsMedia(post.data, target) : null;
  return media === null ? err(instagramMessage(answer.body) ?? 'bad_response') : ok(media);
}

/** A gate is for age or sensitivity; a private owner without any file means that the post is not for us. */
function whyWithheld(post: unknown): ProviderFailureKind | null {
  const seen = Withheld.safeParse(post);
  if (!seen.success) return null;
  if (seen.data.gating_info != null) return 'age_restricted';
  const hasFile = seen.data.display_url != null || seen.data.video_url != null;
  return seen.data.owner?.is_private === true && !hasFile ? 'private' : null;
}

function refusal(status: number, body: unknown): ProviderFailureKind {
  // Without the vendor's JSON a 404 is some proxy's, and not the definite answer that would be remembered.
  if (status === 404) return isJsonObject(body) ? 'not_found' : 'bad_response';
  if (status === 402) return 'out_of_credit';
  if (status === 429) return 'rate_limited';
  const message = instagramMessage(body);
  if (message !== null) return message;
  if (status === 408 || status === 504) return 'timed_out';
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'misconfigured' : 'bad_response';
}

/** `credits_charged` where it is said. Else a post and a miss count one, as misses are sometimes charged; so does a call that ran out of time. */
function creditsUsed(exchange: Result<JsonAnswer, JsonFailure>): VendorUsage {
  if (!exchange.ok) return exchange.error.kind === 'unreachable' || !exchange.error.sent ? NOTHING_USED : { billedUnits: 1, started: true };
  const { status, body } = exchange.value;
  const envelope = PostEnvelope.safeParse(body);
  const said = envelope.success ? envelope.data.credits_charged : null;
  if (said != null && Number.isSafeInteger(said) && said >= 0) return { billedUnits: said, started: true };
  return status < 300 || status === 404 ? { billedUnits: 1, started: true } : NOTHING_USED;
}
