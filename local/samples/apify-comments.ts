import type { Cdn } from './cdn.ts';
import type { SampleComment } from './thread.ts';

/** Builds the dataset items of a comments run. Replies that were not requested are null, which does not mean none. */
export function apifyComments(shortcode: string, comments: readonly SampleComment[], withReplies: boolean, cdn: Cdn): string {
  return JSON.stringify(
    comments.map((comment) => ({
      ...common(shortcode, comment, cdn),
      repliesCount: withReplies ? comment.replies.length : null,
      replies: withReplies ? comment.replies.map((reply) => ({ ...common(shortcode, reply, cdn), repliesCount: 0, replies: [] })) : null,
    })),
  );
}

function common(shortcode: string, comment: SampleComment, cdn: Cdn) {
  const postUrl = `https://www.instagram.com/p/${shortcode}/`;
  const { author } = comment;
  return {
    postUrl,
    commentUrl: `${postUrl}c/${comment.id}`,
    id: comment.id,
    text: comment.text,
    ownerUsername: author.username,
    ownerProfilePicUrl: cdn.image(author.id),
    timestamp: new Date(comment.createdAt * 1_000).toISOString(),
    likesCount: comment.likes,
    owner: {
      username: author.username,
      profile_pic_url: cdn.image(author.id),
      is_verified: author.isVerified,
      id: author.id,
      full_name: null,
      is_mentionable: null,
      is_private: null,
      profile_pic_id: null,
      latest_reel_media: null,
    },
    ...(comment.isGif ? { media: { id: `gif${comment.id}`, images: { fixed_height: { url: cdn.image(`gif${comment.id}`) } } } } : {}),
  };
}
