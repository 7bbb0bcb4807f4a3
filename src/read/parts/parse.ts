import { z } from 'zod';
import type { PricedLine } from '../../billing/ledger/ledger.ts';
import type { LineItem, Price, PriceCard } from '../../billing/price-card.ts';
import { ok } from '../../core/result.ts';
import {
  type CommentSample,
  largestSample,
  MAX_SAMPLE_COMMENTS,
  type RankedComment,
  rankComments,
} from '../../instagram/comment-ranking.ts';
import type { InstagramMedia } from '../../instagram/media.ts';
import { mediaIdFromShortcode } from '../../instagram/shortcode.ts';
import type { Transcript } from '../../instagram/transcript.ts';
import type { CommentParseMode, MediaParseMode, ParsedPost, ParseFailure, ParseRequest } from '../../parse/ports.ts';
import { modeOf, samplePurpose } from '../../parse/prompts/modes.ts';
import { isFresh } from '../cache/freshness.ts';
import { contentHash, contentKey } from '../cache/key.ts';
import { type Limitation, limitation } from '../limitations/catalog.ts';
import type { ReadContext } from '../model/context.ts';
import { entryTimes } from '../model/delivered.ts';
import type { PartInput, Known, Part } from '../model/part.ts';
import { deliveredLine, refundedLine, sampledPrice } from '../pricing/prices.ts';
import { commentOutput, MEDIA_OUTPUTS, SAMPLE_OWNER } from '../samples/outputs.ts';
import { commentsPart } from './comments.ts';
import { mediaPart } from './media.ts';
import { transcriptPart } from './transcript.ts';
import { recordCalls } from './upstream-calls.ts';

/** An output is cached under the hash of its input, so it never goes out of date. */
const PARSE_TTL_SECONDS = 2_592_000;

/** With less time left, no interpretation is worth starting. */
const MIN_TIME_MS = 1_000;

/** Under a short deadline the interpretation gets no more than a third of what is left. */
const RESERVE = { ms: 8_000, share: 1 / 3 };

/** An interpretation of sample comments goes by this many. */
const MAX_SAMPLED = 20;

/** What is interpreted, and how. */
type ParseOptions =
  | { readonly subject: 'media'; readonly mode: MediaParseMode }
  | { readonly subject: 'comments'; readonly mode: CommentParseMode };

/** Why there is no output. Also the reasons of the limitation `parse_failed`. */
type ParseMissing = 'boundary_not_configured' | 'boundary_failed' | 'timed_out' | 'invalid_output' | 'nothing_to_parse';

/** `sample` says how the comments in the input were chosen, where it has any. */
type Interpretation = { readonly request: ParseRequest; readonly key: string; readonly sample: CommentSample | null };

export type ParseOutcome =
  | {
      readonly kind: 'parsed';
      readonly output: Readonly<Record<string, unknown>>;
      readonly model: string;
      readonly promptVersion: string;
      readonly status: 'hit' | 'miss';
      readonly key: string;
      readonly sample: CommentSample | null;
      /** Whether comments were part of the input: then their line is charged too. */
      readonly usedComments: boolean;
    }
  | { readonly kind: 'missing'; readonly reason: ParseMissing; readonly promptVersion: string | null };

const needs = { media: mediaPart, comments: commentsPart, transcript: transcriptPart };

/** `sampled` is how many comments and replies are in the input; null where that is not known yet. */
type ParseLookup = Known<ParseOutcome> & { readonly sampled: number | null };

type ParsePart = Part<'parse', ParseOptions, ParseOutcome, ParseLookup, typeof needs, ParseMissing>;
type ParseInput = PartInput<ParseOptions, typeof needs>;

const ParseEntry = z.object({
  ...entryTimes,
  value: z.object({ output: z.record(z.string(), z.unknown()), model: z.string(), promptVersion: z.string() }),
});
type ParseEntry = z.infer<typeof ParseEntry>;

const nothingToParse: ParseOutcome = { kind: 'missing', reason: 'nothing_to_parse', promptVersion: null };

/** The hosted interpretation of everything else that was read. */
export const parsePart: ParsePart = {
  name: 'parse',
  needs,
  isKeyedByNeeds: true,
  reserve: RESERVE,
  nothingKnown: { hit: null, sampled: null },
  isAvailable: (deps) => deps.parser.configured,
  lookUp: async (context, input) => ok(await lookUpParse(context, input)),
  fetch: async (context, input) => ok(await fetchParse(context, input)),
  priceLines(deps, { options, needed, known: { hit, sampled } }): readonly PricedLine[] {
    if (hit === null ? !deps.parser.configured : hit.kind === 'missing') return [];
    const prices = parsePrices(deps.priceCard, options, sampled ?? mostSampled(options, needed));
    return [...prices].map(([item, price]) => ({ item, amount: price[hit === null ? 'miss' : 'hit'] }));
  },
  finalPrices(deps, { options, outcome }) {
    const items = ['media_parse', 'comment_parse'] as const;
    if (outcome.kind === 'missing') return items.map((item) => refundedLine(item, outcome.reason));
    const prices = parsePrices(deps.priceCard, options, sampledIn(outcome));
    return items.map((item) => {
      const price = prices.get(item);
      return price === undefined ? refundedLine(item, 'no_comments') : deliveredLine(item, price, outcome.status);
    });
  },
  limitations: parseLimitations,
  receipt: {
    field: 'parse',
    of: ({ options, outcome }) => ({ mode: options.mode, status: outcome.kind === 'parsed' ? outcome.status : outcome.reason }),
  },
  sample: ({ options, needed }, { shortcode, variant }) => {
    const promptVersion = 'sandbox-1';
    if (variant !== undefined) return ok({ kind: 'missing', reason: variant, promptVersion });
    const comments = commentsIn(needed);
    if (options.subject === 'comments' && comments.length === 0) return ok(nothingToParse);
    const usedComments = comments.length > 0 && isAboutComments(options);
    const { sample: _texts, ...sample } = rankComments(comments, SAMPLE_OWNER, MAX_SAMPLED, purposeOf(options));
    const output = options.subject === 'comments' ? commentOutput(options.mode, comments[0]?.id) : MEDIA_OUTPUTS[options.mode];
    return ok({
      kind: 'parsed',
      output,
      model: 'sandbox',
      promptVersion,
      status: 'miss',
      key: `sandbox:parse:${shortcode}`,
      sample: usedComments ? sample : null,
      usedComments,
    });
  },
};

/** The prices of a mode: its own, and that of the comments and replies in its input, by their number. */
function parsePrices(card: PriceCard, options: ParseOptions, sampled: number): Map<LineItem, Price> {
  const prices = new Map<LineItem, Price>();
  if (options.subject === 'media') prices.set('media_parse', card.prices[`media_parse_${options.mode}`]);
  if (sampled > 0) prices.set('comment_parse', sampledPrice(card, sampled));
  return prices;
}

/** The most comments and replies that can be in the input, before they have been read. */
function mostSampled(options: ParseOptions, { comments }: ParseInput['needed']): number {
  if (comments === null || !isAboutComments(options)) return 0;
  return largestSample(comments.options.limit, comments.options.includeReplies, purposeOf(options));
}

function sampledIn({ usedComments, sample }: ParseOutcome & { readonly kind: 'parsed' }): number {
  return usedComments ? (sample?.included ?? 0) : 0;
}

function parseLimitations({ needed, outcome }: ParseInput & { readonly outcome: ParseOutcome }): Limitation[] {
  if (outcome.kind === 'missing') return [limitation('parse_failed', 'parse', outcome.reason)];
  const found: Limitation[] = [];
  if (outcome.sample !== null && outcome.usedComments) {
    const { included, considered } = outcome.sample;
    const message = `The interpretation saw ${included} of ${considered} comments and replies.`;
    found.push({ ...limitation('sampled_comments', 'parse.sample', 'ranked_sample'), message });
  }
  const media = needed.media?.outcome?.value;
  if (media !== undefined) {
    if (media.caption === null) found.push(limitation('parse_without_caption', 'parse', 'no_caption'));
    const isVideo = media.type === 'reel' || media.type === 'video';
    if (isVideo && needed.transcript?.outcome?.kind !== 'transcript') {
      found.push(limitation('parse_without_transcript', 'parse', needed.transcript === null ? 'not_requested' : 'unavailable'));
    }
  }
  return found;
}

async function lookUpParse(context: ReadContext, input: ParseInput): Promise<ParseLookup> {
  const interpretation = interpretationOf(context, input);
  if (interpretation === null) return { hit: nothingToParse, sampled: 0 };
  const sampled = usesComments(interpretation.request) ? (interpretation.sample?.included ?? 0) : 0;
  const cached = await cachedOutput(context, interpretation);
  const { parser } = context.deps;
  if (cached !== null || parser.configured) return { hit: cached, sampled };
  const promptVersion = parser.promptVersion(interpretation.request);
  return { hit: { kind: 'missing', reason: 'boundary_not_configured', promptVersion }, sampled };
}

async function fetchParse(context: ReadContext, input: ParseInput): Promise<ParseOutcome> {
  const interpretation = interpretationOf(context, input);
  return interpretation === null ? nothingToParse : interpret(context, interpretation);
}

/** Composes the request to the language model, with the key of its output; null when there is nothing to interpret. */
function interpretationOf({ deps, target }: ReadContext, { options, needed }: ParseInput): Interpretation | null {
  const owner = needed.media?.outcome?.value.owner.username ?? null;
  const hasComments = needed.comments?.outcome?.kind === 'delivered' && isAboutComments(options);
  const ranked = hasComments ? rankComments(commentsIn(needed), owner, MAX_SAMPLE_COMMENTS, purposeOf(options)) : null;
  const request = requestFor(target.shortcode, { options, needed }, ranked?.sample ?? []);
  if (request === null) return null;
  const promptVersion = deps.parser.promptVersion(request);
  const mode = `${request.subject}/${request.mode}`;
  const hash = contentHash(request);
  const key = contentKey({ part: 'parse', contentHash: hash, mode, model: deps.parser.model, promptVersion });
  if (ranked === null) return { request, key, sample: null };
  const { sample: _texts, ...sample } = ranked;
  return { request, key, sample };
}

async function cachedOutput({ deps }: ReadContext, { request, key, sample }: Interpretation): Promise<ParseOutcome | null> {
  const entry = await deps.cache.get(key, ParseEntry, null);
  if (entry === null || !isFresh(entry, deps.clock(), null)) return null;
  if (!modeOf(request).output.safeParse(entry.value.output).success) return null;
  return { kind: 'parsed', ...entry.value, status: 'hit', key, sample, usedComments: usesComments(request) };
}

/** Gets an output from the cache or the language model. The key makes identical requests at the same time one. */
async function interpret(context: ReadContext, interpretation: Interpretation): Promise<ParseOutcome> {
  const { deps, trace, budget } = context;
  const { request, key, sample } = interpretation;
  const cached = await cachedOutput(context, interpretation);
  if (cached !== null) return cached;
  const promptVersion = deps.parser.promptVersion(request);
  if (!deps.parser.configured) return { kind: 'missing', reason: 'boundary_not_configured', promptVersion };
  if (budget.deadlineAt - deps.clock() < MIN_TIME_MS) return { kind: 'missing', reason: 'timed_out', promptVersion };
  const parsed = await deps.parser.parse(request, key, budget);
  trace.parse = parsed.ok ? 'ok' : parsed.error.kind;
  if (!parsed.ok) return { kind: 'missing', reason: missingFrom(parsed.error.kind), promptVersion };
  const value = { output: { ...parsed.value.output }, model: parsed.value.model, promptVersion: parsed.value.promptVersion };
  const { storedAt, by } = recordCalls(context, 'comment_parse', parsed.value);
  const entry: ParseEntry = { storedAt, ttlSeconds: PARSE_TTL_SECONDS, value };
  deps.background(deps.cache.keep(key, entry, { retainSeconds: 0, by }));
  return { kind: 'parsed', ...value, status: 'miss', key, sample, usedComments: usesComments(request) };
}

/** Comments go into a summary of a post, where the caller asked for both; the other modes of a post are about the post alone. */
function isAboutComments(options: ParseOptions): boolean {
  return options.subject === 'comments' || options.mode === 'summary';
}

function purposeOf(options: ParseOptions): ReturnType<typeof samplePurpose> {
  return samplePurpose(options.subject === 'comments' ? options.mode : null);
}

function commentsIn({ comments }: ParseInput['needed']) {
  return comments?.outcome?.kind === 'delivered' ? comments.outcome.delivered.value.comments : [];
}

function usesComments({ comments }: ParseRequest): boolean {
  return comments !== null && comments.length > 0;
}

function requestFor(shortcode: string, { options, needed }: ParseInput, sample: readonly RankedComment[]): ParseRequest | null {
  if (options.subject === 'comments') {
    if (sample.length === 0) return null;
    return { subject: 'comments', mode: options.mode, shortcode, mediaId: mediaIdFromShortcode(shortcode), comments: sample };
  }
  const media = needed.media?.outcome?.value;
  if (media === undefined) return null;
  const transcript = needed.transcript?.outcome;
  const post = parsedPost(media, transcript?.kind === 'transcript' ? transcript.transcript : null);
  if (post.caption === null && post.transcript === null && sample.length === 0) return null;
  return { subject: 'media', mode: options.mode, post, comments: sample.length === 0 ? null : sample };
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
