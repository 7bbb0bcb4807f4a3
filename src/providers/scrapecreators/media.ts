import { assembleMedia, type AssetFacts, type InstagramMedia } from '../../instagram/media.ts';
import type { PostNode, SlideNode } from './media-schema.ts';
import { toldCount, toldMetrics } from '../adapter/counts.ts';
import { type Kind, kindOf, typeFacts } from '../adapter/kind.ts';
import { TOLD_COUNTS } from '../adapter/told-counts.ts';
import { textOrNull } from '../../instagram/facts.ts';
import { hasEntries, likesHidden, mediaId } from '../adapter/fields.ts';

const TOLD = TOLD_COUNTS.scrapecreators.posts['/v1/instagram/post'];

/** Converts a web GraphQL post. Null without a media id or a kind. */
export function scrapeCreatorsMedia(post: PostNode): InstagramMedia | null {
  const id = mediaId(post.id);
  const kind = kindOfNode(post);
  if (id === null || kind === null) return null;
  const slides = (post.edge_sidecar_to_children?.edges ?? []).map((edge) => toSlide(edge.node));
  const likes = post.edge_media_preview_like?.count;
  return assembleMedia({
    shortcode: post.shortcode,
    id,
    ...typeFacts(kind, post.product_type),
    caption: post.edge_media_to_caption?.edges?.[0]?.node.text,
    owner: toOwner(post),
    takenAtMs: post.taken_at_timestamp,
    ...toldMetrics(TOLD, { likes, comments: commentCount(post), plays: post.video_play_count, views: post.video_view_count }),
    commentsSeen: post.edge_media_to_parent_comment?.edges?.length,
    assets: [toAsset(post, kind === 'video' ? 'video' : 'image')],
    // A carousel without slides keeps its cover.
    children: kind === 'carousel' && slides.length > 0 ? slides : null,
    location: { id: post.location?.id, name: post.location?.name },
    taggedUsers: post.edge_media_to_tagged_user,
    coauthors: post.coauthor_producers,
    paidPartnership: post.is_paid_partnership,
    sponsors: post.edge_media_to_sponsor_user,
    music: post.clips_music_attribution_info?.music,
    audioUrl: post.clips_music_attribution_info?.audioUrl,
    flags: {
      likesHidden: likesHidden(post.like_and_view_counts_disabled, likes),
      commentsDisabled: post.comments_disabled,
      isPinned: hasEntries(post.pinned_for_users),
    },
  });
}

function kindOfNode(node: SlideNode | PostNode): Kind | null {
  const productType = 'product_type' in node ? node.product_type : null;
  const slides = 'edge_sidecar_to_children' in node ? node.edge_sidecar_to_children?.edges : null;
  return kindOf({ said: kindSaid(node), productType, videoUrl: node.video_url, durationSeconds: node.video_duration, slides });
}

/** `__typename` ("XDTGraphVideo", "GraphVideo") says it; the rest serves responses without it. */
function kindSaid(node: SlideNode | PostNode): Kind | null {
  const typename = node.__typename ?? '';
  if (typename.endsWith('Sidecar')) return 'carousel';
  if (typename.endsWith('Video') || node.is_video === true) return 'video';
  if (typename.endsWith('Image')) return 'image';
  if ('edge_sidecar_to_children' in node && node.edge_sidecar_to_children != null) return 'carousel';
  return textOrNull(node.display_url) === null ? null : 'image';
}

function toAsset(node: SlideNode | PostNode, type: AssetFacts['type']): AssetFacts {
  const size = { width: node.dimensions?.width, height: node.dimensions?.height, altText: node.accessibility_caption };
  const still = node.display_url ?? node.thumbnail_src;
  if (type === 'image') return { type, url: still, ...size };
  return { type, url: node.video_url, thumbnailUrl: still, durationSeconds: node.video_duration, ...size };
}

/** The vendor fills one of four fields, and in a reduced answer leaves 0 in another. */
function commentCount(post: PostNode): number | null {
  const counts = [
    post.edge_media_to_parent_comment?.count,
    post.edge_media_preview_comment?.count,
    post.edge_media_to_comment?.count,
    post.comment_count,
  ].filter((count) => count != null);
  return counts.find((count) => count > 0) ?? counts[0] ?? null;
}

function toSlide(node: SlideNode) {
  const type = kindOfNode(node) === 'video' ? 'video' : 'image';
  return { id: mediaId(node.id), shortcode: textOrNull(node.shortcode), ...toAsset(node, type) };
}

function toOwner(post: PostNode) {
  const owner = post.owner;
  return {
    id: owner?.id,
    username: owner?.username,
    fullName: textOrNull(owner?.full_name),
    isVerified: owner?.is_verified,
    isPrivate: owner?.is_private,
    avatarUrl: owner?.profile_pic_url,
    followers: toldCount(TOLD.followers, owner?.edge_followed_by?.count),
  };
}
