import type { MediaMetric, UntoldReason } from '../../instagram/facts.ts';
import type { ProviderId } from '../provider.ts';

/** `told`: the number is this count; `filler`: it stands there whatever the count is; `unknown`: it is not known to be this count. */
export type Telling = 'told' | 'filler' | 'unknown';

/** What an endpoint's number is worth. `zero` is what a 0 is, where that differs. `source` says how it is known. */
export type CountFact = {
  readonly is: Telling;
  readonly zero?: Telling;
  /** Replaces the reason that `is` stands for, where more is known. */
  readonly because?: UntoldReason;
  readonly source: string;
};

/** The counts of a post and of its owner, as one endpoint gives them. */
export type PostCounts = Readonly<Record<MediaMetric | 'followers', CountFact>>;

/** The counts of a comment or reply, as one endpoint gives them. */
export type CommentCounts = Readonly<Record<'likes' | 'replies', CountFact>>;

const NEVER_GIVEN: CountFact = { is: 'unknown', source: 'No recording and no document of the vendor has it.' };

/**
 * Which counts each endpoint or actor of each vendor tells. Adapters deliver a count only where this says `told`, and `settleCounts` of
 * src/instagram/facts.ts withdraws it where the numbers beside it contradict it. `plays` are plays on Instagram alone.
 */
export const TOLD_COUNTS = {
  scrapecreators: {
    posts: {
      '/v1/instagram/post': {
        likes: { is: 'told', source: '`edge_media_preview_like.count` in every recording; -1 where the author hides it.' },
        comments: { is: 'told', source: '`edge_media_to_parent_comment.count`, or a field after it, in every recording.' },
        plays: { is: 'told', source: '`video_play_count` in recorded reels; the web shows it as plays (instaloader#2595).' },
        views: { is: 'told', zero: 'filler', source: '`video_view_count` in recorded reels, where 0 stands beside any number of plays.' },
        shares: NEVER_GIVEN,
        reposts: NEVER_GIVEN,
        followers: { is: 'told', source: '`owner.edge_followed_by.count` in recordings; absent in a reduced carousel.' },
      },
    },
    comments: {
      '/v2/instagram/post/comments': {
        likes: { is: 'told', source: '`comment_like_count` in recordings; null where unknown.' },
        replies: { is: 'told', source: '`child_comment_count` in recordings; null where unknown.' },
      },
      '/v1/instagram/post/comment/replies': {
        likes: { is: 'told', source: '`comment_like_count`; null in a recording, so unknown is not 0.' },
        replies: { is: 'told', source: '`child_comment_count` is 0 in a recording: the platform nests no deeper.' },
      },
    },
  },
  hikerapi: {
    posts: {
      '/v1/media/by/code': {
        likes: { is: 'told', source: '`like_count` in every recording; meaningless where the author disables counts.' },
        comments: { is: 'told', source: '`comment_count` in every recording.' },
        plays: {
          is: 'unknown',
          because: 'facebook_included',
          source: '`play_count` is 16,544 for a reel whose `ig_play_count` in v2 is 10,652; 0 beside 66,049 likes in a recording.',
        },
        views: { is: 'filler', source: '`view_count` is 0 in every recording, whatever the post is.' },
        shares: NEVER_GIVEN,
        reposts: NEVER_GIVEN,
        followers: NEVER_GIVEN,
      },
      '/v2/media/info/by/code': {
        likes: { is: 'told', source: '`like_count` in every recording; meaningless where the author disables counts.' },
        comments: { is: 'told', source: '`comment_count` in every recording.' },
        plays: {
          is: 'told',
          source: '`ig_play_count`, or `play_count` less `fb_play_count`: 293,700 = 235,383 + 58,317 in a recording.',
        },
        views: { is: 'told', zero: 'filler', source: '`view_count` of a recorded feed video; null or absent in recorded reels.' },
        shares: { is: 'told', source: '`reshare_count` in recorded reels; absent where not counted.' },
        reposts: { is: 'told', source: '`media_repost_count` in recordings; absent where not counted.' },
        followers: NEVER_GIVEN,
      },
    },
    comments: {
      '/v2/media/comments': {
        likes: { is: 'told', source: '`comment_like_count` in every recorded comment.' },
        replies: { is: 'told', source: '`child_comment_count` in recorded comments with replies; absent when zero.' },
      },
      '/v2/media/comments/replies': {
        likes: { is: 'told', source: '`comment_like_count` in every recorded reply.' },
        replies: { is: 'told', source: 'Absent in every recorded reply: the platform nests no deeper.' },
      },
    },
  },
  apify: {
    posts: {
      'apify~instagram-api-scraper': {
        likes: { is: 'told', source: '`likesCount` in every recording, a true 0 among them; -1 where the author hides it.' },
        comments: { is: 'told', source: '`commentsCount` in every recording, a true 0 among them; 0 in one run of a post with comments.' },
        plays: {
          is: 'told',
          zero: 'filler',
          source: '`videoPlayCount` is the web’s `video_play_count` (gippy/instagram-scraper#151); 0 in a recorded carousel.',
        },
        views: { is: 'told', zero: 'filler', source: '`videoViewCount`, the web’s `video_view_count`: see scrapecreators.' },
        shares: { is: 'unknown', source: '`sharesCount` is documented for a paid option of another actor; no recording has it.' },
        reposts: NEVER_GIVEN,
        followers: NEVER_GIVEN,
      },
    },
    comments: {
      'apify~instagram-scraper': {
        likes: { is: 'told', source: '`likesCount` in every recorded comment.' },
        replies: { is: 'told', source: '`repliesCount`; null in recordings, where replies were not requested.' },
      },
    },
  },
} as const satisfies Readonly<
  Record<ProviderId, { readonly posts: Readonly<Record<string, PostCounts>>; readonly comments: Readonly<Record<string, CommentCounts>> }>
>;
