import type { Clock } from '../../src/core/clock.ts';
import type { Page, PageKind, PageRequest, PayloadKind, Payloads } from '../payloads.ts';
import { apifyComments } from './apify-comments.ts';
import { apifyItem } from './apify-item.ts';
import { type Cdn, createCdn } from './cdn.ts';
import { hikerapiCommentsV1, hikerapiCommentsV2, hikerapiGqlComments, hikerapiReplies } from './hikerapi-comments.ts';
import { hikerapiV1Body } from './hikerapi-v1.ts';
import { hikerapiV2Body } from './hikerapi-v2.ts';
import { reelBehindFault, SAMPLES_BY_SHORTCODE } from './posts.ts';
import type { SamplePost } from './sample-post.ts';
import { scrapecreatorsBody } from './scrapecreators-body.ts';
import { scrapecreatorsComments, scrapecreatorsReplies, scrapecreatorsTranscript } from './scrapecreators-comments.ts';
import { threadOf, type SampleComment } from './thread.ts';
import { repliesPage, threadPage, type ThreadPage } from './thread-pages.ts';

/** ScrapeCreators accepts videos below two minutes. */
const LONGEST_TRANSCRIBED_SECONDS = 120;

type RepliesKind = Extract<PageKind, 'hikerapi_replies' | 'scrapecreators_replies'>;
type CommentsKind = Exclude<PageKind, RepliesKind | 'scrapecreators_transcript' | 'apify_transcript'>;

const SHAPES: Readonly<Record<PayloadKind, (post: SamplePost, cdn: Cdn) => string>> = {
  apify: (post, cdn) => apifyItem(post, cdn, null),
  hikerapi_v1: hikerapiV1Body,
  hikerapi_v2: hikerapiV2Body,
  scrapecreators: scrapecreatorsBody,
};

/** Creates the project's posts in every provider's format. Media URLs are signed at request time, so they never expire. */
export function createSamples(clock: Clock): Payloads {
  return samplesFrom((shortcode) => SAMPLES_BY_SHORTCODE.get(shortcode) ?? null, [...SAMPLES_BY_SHORTCODE.keys()], clock);
}

/** Creates a good post with any shortcode, for faults that are not about the content, such as a slow response. */
export function samplesBehindFaults(clock: Clock): Payloads {
  return samplesFrom(reelBehindFault, [], clock);
}

function samplesFrom(postAt: (shortcode: string) => SamplePost | null, shortcodes: readonly string[], clock: Clock): Payloads {
  return {
    find(kind, shortcode) {
      const post = postAt(shortcode);
      return post === null ? null : SHAPES[kind](post, createCdn(clock()));
    },
    isKnown: (shortcode) => postAt(shortcode) !== null,
    shortcodes: () => shortcodes,
    page(request) {
      const post = postAt(request.shortcode);
      return post === null ? { kind: 'no_post' } : pageOf(post, request, createCdn(clock()));
    },
  };
}

function pageOf(post: SamplePost, request: PageRequest, cdn: Cdn): Page {
  switch (request.kind) {
    case 'scrapecreators_transcript':
      return scrapedTranscript(post);
    case 'apify_transcript':
      return post.transcript?.kind === 'speech' ? page(apifyItem(post, cdn, post.transcript.text)) : { kind: 'none' };
    case 'hikerapi_replies':
    case 'scrapecreators_replies':
      return repliesOf(post, request.kind, request, cdn);
    case 'hikerapi_v1_comments':
    case 'hikerapi_v2_comments':
    case 'hikerapi_gql_comments':
    case 'scrapecreators_comments':
    case 'apify_comments':
      return commentsOf(post, request.kind, request, cdn);
  }
}

function commentsOf(post: SamplePost, kind: CommentsKind, request: PageRequest, cdn: Cdn): Page {
  if (post.commentsDisabled) return { kind: 'comments_disabled' };
  const thread = threadOf(post);
  if (thread.length === 0) return { kind: 'none' };
  const withPage = (make: (one: ThreadPage) => string): Page => {
    const one = threadPage(thread, request.cursor, post.threadMoves);
    return one === null ? { kind: 'end' } : page(make(one));
  };
  switch (kind) {
    case 'hikerapi_v1_comments':
      return withPage((one) => hikerapiCommentsV1(one, cdn));
    case 'hikerapi_gql_comments':
      return page(hikerapiGqlComments(thread.slice(0, request.limit), cdn));
    case 'scrapecreators_comments':
      return withPage((one) => scrapecreatorsComments(one, request.withReplies, cdn));
    case 'apify_comments':
      return page(apifyComments(post.shortcode, thread.slice(0, request.limit), request.withReplies, cdn));
    case 'hikerapi_v2_comments':
      return withPage((one) => hikerapiCommentsV2(post, one, cdn));
  }
}

function repliesOf(post: SamplePost, kind: RepliesKind, request: PageRequest, cdn: Cdn): Page {
  const parent: SampleComment | undefined = threadOf(post).find((comment) => comment.id === request.commentId);
  if (parent === undefined || parent.replies.length === 0) return { kind: 'none' };
  const one = repliesPage(parent.replies, request.cursor);
  if (one === null) return { kind: 'end' };
  return page(kind === 'scrapecreators_replies' ? scrapecreatorsReplies(parent, one, cdn) : hikerapiReplies(post, parent, one, cdn));
}

function scrapedTranscript(post: SamplePost): Page {
  const videos = post.slides.filter((slide) => slide.type === 'video');
  if (videos.length === 0) return { kind: 'no_video' };
  if (videos.some((slide) => slide.durationSeconds > LONGEST_TRANSCRIBED_SECONDS)) return { kind: 'too_long' };
  if (post.transcript === null) return { kind: 'none' };
  return post.transcript.kind === 'no_speech' ? { kind: 'no_speech' } : page(scrapecreatorsTranscript(post, post.transcript.text));
}

function page(text: string): Page {
  return { kind: 'page', text };
}
