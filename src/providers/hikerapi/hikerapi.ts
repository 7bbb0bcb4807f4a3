import type { InstagramMedia } from '../../instagram/media.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { hikerRefusal, hikerRequest, requestsUsed } from './requests.ts';
import { fetchHikerComments } from './comments.ts';
import { hikerFlatMedia, hikerRawMedia } from './media.ts';
import { FlatPost, Gate, RawEnvelope, RawPost } from './media-schema.ts';
import type { CommentsProvider, Provider, ProviderFailureKind } from '../provider.ts';
import type { JsonAnswer } from '../../net/fetch-json.ts';
import { callForMedia, type VendorAccess } from '../adapter/call.ts';

/** The vendor's two formats of a post: v1 is flat with ids as strings, v2 is the platform's private API with shares and reposts. */
export type HikerMediaVersion = 'v1' | 'v2';

const ENDPOINTS = { v1: '/v1/media/by/code', v2: '/v2/media/info/by/code' } as const satisfies Record<HikerMediaVersion, string>;

/** Creates the adapter of HikerAPI: one GET per post by shortcode, one per page of comments by media id. https://hikerapi.com/docs */
export function createHikerApi(access: VendorAccess & { readonly mediaVersion: HikerMediaVersion }): Provider & CommentsProvider {
  const endpoint = ENDPOINTS[access.mediaVersion];
  return {
    id: 'hikerapi',
    fetchMedia: (target, budget) => {
      const request = hikerRequest(access, endpoint, { code: target.shortcode });
      const read = access.mediaVersion === 'v1' ? readHikerFlat : readHikerRaw;
      return callForMedia(access, { provider: 'hikerapi', endpoint, request, read, usage: requestsUsed, target }, budget);
    },
    fetchComments: (request, budget) => fetchHikerComments(access, request, budget),
  };
}

function readHikerFlat(answer: JsonAnswer): Result<InstagramMedia, ProviderFailureKind> {
  const refused = hikerRefusal(answer) ?? gate(answer.body);
  if (refused !== null) return err(refused);
  const post = FlatPost.safeParse(answer.body);
  const media = post.success ? hikerFlatMedia(post.data) : null;
  return media === null ? err('bad_response') : ok(media);
}

function readHikerRaw(answer: JsonAnswer): Result<InstagramMedia, ProviderFailureKind> {
  const envelope = RawEnvelope.safeParse(answer.body);
  const held = envelope.success ? envelope.data.media_or_ad : null;
  const refused = hikerRefusal(answer) ?? gate(held);
  if (refused !== null) return err(refused);
  const post = RawPost.safeParse(held);
  const media = post.success ? hikerRawMedia(post.data) : null;
  return media === null ? err('bad_response') : ok(media);
}

function gate(post: unknown): ProviderFailureKind | null {
  const seen = Gate.safeParse(post);
  return seen.success && seen.data.gating_info != null ? 'age_restricted' : null;
}
