import type { GatewayAccess } from '../../../src/parse/achronon/client.ts';
import {
  COMMENT_PARSE_MODES,
  MEDIA_PARSE_MODES,
  type CommentParseMode,
  type MediaParseMode,
  type ParsedPost,
  type ParseRequest,
} from '../../../src/parse/ports.ts';
import type { RankedComment } from '../../../src/instagram/comment-ranking.ts';
import type { Fetch } from '../../../src/net/fetch-json.ts';
import { clock } from '../providers/answers.ts';

export const post: ParsedPost = {
  mediaId: '4010069031083175221',
  shortcode: 'DemoReel_01',
  type: 'reel',
  ownerUsername: 'salt.and.north',
  timestamp: '2026-06-27T04:12:09.000Z',
  caption: 'Folding forty paper lanterns before the tide comes in',
  transcript: { text: 'We fold the corners first. Then the middle.', language: 'en' },
  metrics: { likes: 312, comments: 14, plays: null },
};

export function sampled(id: string, text: string, facts: Partial<RankedComment> = {}): RankedComment {
  return {
    id,
    parentId: null,
    username: `author.${id}`,
    isVerified: null,
    isByPostOwner: null,
    text,
    likeCount: 0,
    replyCount: 0,
    ...facts,
  };
}

export const comments: readonly RankedComment[] = [
  sampled('18000000000000001', 'Which paper is that?', { likeCount: 12, replyCount: 1 }),
  sampled('18000000000000002', 'Mulberry, 60 g', { parentId: '18000000000000001', isByPostOwner: true }),
  sampled('18000000000000003', 'The third lantern is my favourite @lantern.friend'),
];

export function mediaRequest(mode: MediaParseMode, given: readonly RankedComment[] | null = comments): ParseRequest {
  return { subject: 'media', mode, post, comments: given };
}

export function commentsRequest(mode: CommentParseMode, given: readonly RankedComment[] = comments): ParseRequest {
  return { subject: 'comments', mode, shortcode: post.shortcode, mediaId: post.mediaId, comments: given };
}

/** Every mode, each as a request with comments. */
export const everyRequest: readonly ParseRequest[] = [
  ...MEDIA_PARSE_MODES.map((mode) => mediaRequest(mode)),
  ...COMMENT_PARSE_MODES.map((mode) => commentsRequest(mode)),
];

export function access(fetch: Fetch, others: Partial<GatewayAccess> = {}): GatewayAccess {
  return {
    endpoint: 'https://boundary.example/sandboxes/abc',
    token: 'token-of-the-test',
    path: '/claudex/parse',
    model: 'auto',
    timeoutMs: 15_000,
    fetch,
    clock,
    ...others,
  };
}

export function sentText(init: RequestInit | undefined): string {
  if (typeof init?.body !== 'string') throw new Error('the body is no text');
  return init.body;
}
