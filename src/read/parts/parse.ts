import type { CommentSample, RankedComment } from '../../instagram/comment-ranking.ts';
import { MAX_SAMPLE_COMMENTS, rankComments } from '../../instagram/comment-ranking.ts';
import type { InstagramMedia } from '../../instagram/media.ts';
import { mediaIdFromShortcode } from '../../instagram/shortcode.ts';
import type { Transcript } from '../../instagram/transcript.ts';
import { modeOf, samplePurpose } from '../../parse/prompts/modes.ts';
import type { ParsedPost, ParseFailure, ParseRequest } from '../../parse/ports.ts';
import type { CommentBatch } from '../../providers/provider.ts';
import type { Budget } from '../../net/deadline.ts';
import { contentHash, contentKey } from '../cache/key.ts';
import { isFresh, ParseCopy } from '../cache/content-cache.ts';
import type { ReadDeps } from '../ports.ts';
import type { ReadTrace } from '../trace.ts';
import type { Want } from '../want.ts';
import { noteFetch } from './fetch-note.ts';

/** An output is kept under the hash of what went in, so only disuse ends it. Seconds. */
const PARSE_TTL_SECONDS = 2_592_000;

/** Below this there is no use in asking. Milliseconds. */
const LEAST_TIME_MS = 1_000;

/** Why there is no output. Also the reasons of the limitation `parse_failed`. */
export type ParseMissing = 'boundary_not_configured' | 'boundary_failed' | 'timed_out' | 'invalid_output' | 'nothing_to_parse';

/** What is to be parsed, with the key its output is kept under. `sample` says how its comments were chosen, where it has any. */
export type PreparedParse = { readonly request: ParseRequest; readonly key: string; readonly sample: CommentSample | null };

/** An output in hand, from the cache or just made, or why there is none. */
export type ParseResult =
  | {
      readonly kind: 'parsed';
      readonly output: Readonly<Record<string, unknown>>;
      readonly model: string;
      readonly promptVersion: string;
      readonly status: 'hit' | 'miss';
      readonly key: string;
      readonly sample: CommentSample | null;
      /** Whether comments went into it: then their line is priced too. */
      readonly usedComments: boolean;
    }
  | { readonly kind: 'missing'; readonly reason: ParseMissing; readonly promptVersion: string | null };

/** What of an answer can be parsed. */
export type ParseInput = {
  readonly shortcode: string;
  readonly media: InstagramMedia | null;
  readonly transcript: Transcript | null;
  readonly comments: CommentBatch | null;
};

/** Makes the request for what is wanted, or null where there is nothing to parse. Pure but for the hashes. */
export async function prepareParse(deps: ReadDeps, want: Want, input: ParseInput): Promise<PreparedParse | null> {
  if (want.parse === null) return null;
  const owner = input.media?.owner.username ?? null;
  const purpose = samplePurpose(want.main === 'comments' ? want.parse : null);
  // Comments go into a summary, where the caller asked for both; the other media modes are about the post alone.
  const isAboutComments = want.main === 'comments' || want.parse === 'summary';
  const ranked =
    input.comments === null || !isAboutComments ? null : rankComments(input.comments.comments, owner, MAX_SAMPLE_COMMENTS, purpose);
  const request = requestFor(want, input, ranked?.sample ?? []);
  if (request === null) return null;
  const promptVersion = deps.parser.promptVersion(request);
  const mode = `${request.subject}/${request.mode}`;
  const hash = contentHash(request);
  const key = contentKey({ part: 'parse', contentHash: hash, mode, model: deps.parser.model, promptVersion });
  if (ranked === null) return { request, key, sample: null };
  const { sample: _texts, ...sample } = ranked;
  return { request, key, sample };
}

/** Looks an output up. One cache read. */
export async function lookUpParse(deps: ReadDeps, prepared: PreparedParse): Promise<ParseResult | null> {
  const copy = await deps.cache.get(prepared.key, ParseCopy, null);
  if (copy === null || !isFresh(copy, deps.clock(), null)) return null;
  if (!modeOf(prepared.request).output.safeParse(copy.value.output).success) return null;
  return { kind: 'parsed', ...copy.value, status: 'hit', key: prepared.key, sample: prepared.sample, usedComments: usesComments(prepared) };
}

/** Gets an output: from the cache, else from the boundary. Only while a hold is open. The key makes parallel identical requests one. */
export async function makeParse(deps: ReadDeps, trace: ReadTrace, prepared: PreparedParse, budget: Budget): Promise<ParseResult> {
  const known = await lookUpParse(deps, prepared);
  if (known !== null) return known;
  const promptVersion = deps.parser.promptVersion(prepared.request);
  if (!deps.parser.configured) return { kind: 'missing', reason: 'boundary_not_configured', promptVersion };
  if (budget.deadlineAt - deps.clock() < LEAST_TIME_MS) return { kind: 'missing', reason: 'timed_out', promptVersion };
  const parsed = await deps.parser.parse(prepared.request, prepared.key, budget);
  trace.parse = parsed.ok ? 'ok' : parsed.error.kind;
  if (!parsed.ok) return { kind: 'missing', reason: missingFrom(parsed.error.kind), promptVersion };
  const value = { output: { ...parsed.value.output }, model: parsed.value.model, promptVersion: parsed.value.promptVersion };
  const { storedAt, by } = noteFetch(deps, trace, parsed.value);
  const copy: ParseCopy = { storedAt, ttlSeconds: PARSE_TTL_SECONDS, value };
  deps.background(deps.cache.keep(prepared.key, copy, 0, by));
  return { kind: 'parsed', ...value, status: 'miss', key: prepared.key, sample: prepared.sample, usedComments: usesComments(prepared) };
}

function usesComments({ request }: PreparedParse): boolean {
  return request.comments !== null && request.comments.length > 0;
}

function requestFor(want: Want, input: ParseInput, sample: readonly RankedComment[]): ParseRequest | null {
  const { shortcode } = input;
  if (want.main === 'comments') {
    if (want.parse === null || sample.length === 0) return null;
    return { subject: 'comments', mode: want.parse, shortcode, mediaId: mediaIdFromShortcode(shortcode), comments: sample };
  }
  if (want.parse === null || input.media === null) return null;
  const post = parsedPost(input.media, input.transcript);
  if (post.caption === null && post.transcript === null && sample.length === 0) return null;
  return { subject: 'media', mode: want.parse, post, comments: sample.length === 0 ? null : sample };
}

function parsedPost(media: InstagramMedia, transcript: Transcript | null): ParsedPost {
  return {
    mediaId: media.id,
    shortcode: media.shortcode,
    type: media.type,
    ownerUsername: media.owner.username,
    timestamp: media.timestamp,
    caption: media.caption,
    transcript: transcript === null ? null : { text: transcript.text, language: transcript.language },
    metrics: media.metrics,
  };
}

function missingFrom(kind: ParseFailure['kind']): ParseMissing {
  switch (kind) {
    case 'not_configured':
      return 'boundary_not_configured';
    case 'timed_out':
    case 'invalid_output':
      return kind;
    case 'unreachable':
    case 'refused':
    case 'rate_limited':
      return 'boundary_failed';
  }
}
