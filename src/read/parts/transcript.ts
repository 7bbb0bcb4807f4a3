import { z } from 'zod';
import { ZERO } from '../../core/money.ts';
import { ok, type Result } from '../../core/result.ts';
import type { InstagramMedia } from '../../instagram/media.ts';
import { mediaIdFromShortcode } from '../../instagram/shortcode.ts';
import { Transcript } from '../../instagram/transcript.ts';
import type { TranscriptionFailure } from '../../parse/ports.ts';
import { isFresh } from '../cache/freshness.ts';
import { contentHash, contentKey } from '../cache/key.ts';
import { limitation } from '../limitations/catalog.ts';
import type { ReadContext } from '../model/context.ts';
import { entryTimes } from '../model/delivered.ts';
import type { ReadDeps } from '../model/deps.ts';
import type { PartInput, Part } from '../model/part.ts';
import { deliveredLine, refundedLine } from '../pricing/prices.ts';
import { mediaPart } from './media.ts';
import { type FetchedAt, recordCalls } from './upstream-calls.ts';

/** A video's words don't change. */
const TRANSCRIPT_TTL_SECONDS = 2_592_000;

/** That there is none may be a passing fault of the source, so it is called again the next day. */
const NO_TRANSCRIPT_TTL_SECONDS = 86_400;

/** Only what a provider supplies, or failing that one made by hosted transcription. */
type TranscriptOptions = { readonly source: 'provider' | 'provider_or_hosted' };

/** Why a reel comes without a transcript. Also the reasons of the limitation `transcript_unavailable`. */
type TranscriptMissing =
  | 'no_speech'
  | 'too_long'
  | 'provider_none'
  | 'provider_failed'
  | 'boundary_not_configured'
  | 'boundary_failed'
  | 'media_url_expired';

export type TranscriptOutcome =
  | { readonly kind: 'transcript'; readonly transcript: Transcript; readonly status: 'hit' | 'miss' }
  | {
      readonly kind: 'missing';
      readonly reason: TranscriptMissing;
      readonly status: 'hit' | 'miss';
      /** A provider was asked in this read and says that it has none. */
      readonly wasLookedUp?: boolean;
    };

/** `providerHasNone`: the providers had none recently, so they are not called again. */
type TranscriptLookup = { readonly hit: TranscriptOutcome | null; readonly providerHasNone: TranscriptMissing | null };

const needs = { media: mediaPart };

/** A sample without a transcript, or with a hosted one. */
type TranscriptSample = TranscriptMissing | 'hosted';

type TranscriptPart = Part<'transcript', TranscriptOptions, TranscriptOutcome, TranscriptLookup, typeof needs, TranscriptSample>;
type TranscriptInput = PartInput<TranscriptOptions, typeof needs>;

/** A transcript, or what one source said instead of one. */
export const TranscriptEntry = z.object({
  ...entryTimes,
  value: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('transcript'), transcript: Transcript }),
    z.object({ kind: z.enum(['no_speech', 'too_long', 'none']) }),
  ]),
});
type TranscriptEntry = z.infer<typeof TranscriptEntry>;

/** The transcript of a reel. A reel without one is delivered all the same. */
export const transcriptPart: TranscriptPart = {
  name: 'transcript',
  needs,
  endsEarly: true,
  nothingKnown: { hit: null, providerHasNone: null },
  isAvailable: (deps) => deps.transcripts.providers.length > 0 || deps.transcriber.configured,
  lookUp: async (context, { options }) => ok(await lookUpTranscript(context, options)),
  fetch: async (context, input) => ok(await fetchTranscript(context, input)),
  priceLines(deps, { options: { source }, known: { hit } }) {
    const { priceCard, transcriber, transcripts } = deps;
    const lineOf = (amount: number & typeof ZERO) => [{ item: 'transcript', amount }];
    if (hit !== null) return lineOf(hit.kind === 'transcript' ? priceCard.prices.transcript_provider.hit : ZERO);
    if (source === 'provider_or_hosted' && transcriber.configured) return lineOf(priceCard.prices.transcript_hosted.miss);
    return transcripts.providers.length > 0 ? lineOf(priceCard.prices.transcript_provider.miss) : [];
  },
  finalPrices(deps, { outcome }) {
    // Looking was not in vain: the answer is cached for everybody, so it is paid for like any other call.
    if (outcome.kind === 'missing') return [{ ...refundedLine('transcript', outcome.reason), isFresh: outcome.wasLookedUp === true }];
    const price = outcome.transcript.source === 'hosted' ? 'transcript_hosted' : 'transcript_provider';
    return [deliveredLine('transcript', deps.priceCard.prices[price], outcome.status)];
  },
  limitations: ({ outcome }) =>
    outcome.kind === 'missing' ? [limitation('transcript_unavailable', 'data.transcript', outcome.reason)] : [],
  receipt: { field: 'transcript', of: ({ outcome }) => sourceOrReason(outcome) },
  logged: (outcome) => ({ transcript: sourceOrReason(outcome) }),
  sample({ options }, request): Result<TranscriptOutcome, never> {
    const variant: TranscriptSample | 'provider' = request.variant ?? 'provider';
    // A provider alone has no transcript where only hosted transcription made one.
    if (variant === 'hosted' && options.source === 'provider') return ok({ kind: 'missing', reason: 'provider_none', status: 'miss' });
    if (variant !== 'hosted' && variant !== 'provider') return ok({ kind: 'missing', reason: variant, status: 'miss' });
    const text = 'Fold it once, fold it twice, and let it rest.';
    const segments = [{ startSeconds: 0.4, endSeconds: 3.1, text }];
    return ok({ kind: 'transcript', transcript: { text, source: variant, language: 'en', segments }, status: 'miss' });
  },
};

function sourceOrReason(outcome: TranscriptOutcome): string {
  return outcome.kind === 'transcript' ? outcome.transcript.source : outcome.reason;
}

/** Looks a transcript up by the video's identity and by its source. */
async function lookUpTranscript({ deps, target }: ReadContext, { source }: TranscriptOptions): Promise<TranscriptLookup> {
  const mediaId = mediaIdFromShortcode(target.shortcode);
  const read = async (key: string) => {
    const entry = await deps.cache.get(key, TranscriptEntry, null);
    return entry !== null && isFresh(entry, deps.clock(), null) ? entry.value : null;
  };
  const isHostedWanted = source === 'provider_or_hosted' && deps.transcriber.configured;
  const [supplied, hosted] = await Promise.all([read(providerKey(mediaId)), isHostedWanted ? read(hostedKey(deps, mediaId)) : null]);
  for (const found of [supplied, hosted]) {
    if (found?.kind === 'transcript') {
      return { hit: { kind: 'transcript', transcript: found.transcript, status: 'hit' }, providerHasNone: null };
    }
  }
  const providerHasNone = supplied === null || supplied.kind === 'transcript' ? null : missingFrom(supplied.kind);
  if (hosted !== null && hosted.kind !== 'transcript') {
    return { hit: { kind: 'missing', reason: missingFrom(hosted.kind), status: 'hit' }, providerHasNone };
  }
  const isFinal = providerHasNone === 'no_speech' || !isHostedWanted;
  if (providerHasNone === null || !isFinal) return { hit: null, providerHasNone };
  const reason = source === 'provider_or_hosted' && providerHasNone !== 'no_speech' ? 'boundary_not_configured' : providerHasNone;
  return { hit: { kind: 'missing', reason, status: 'hit' }, providerHasNone };
}

/** Asks the providers, and failing those hosted transcription where the caller wants it. */
async function fetchTranscript(
  context: ReadContext,
  { options, needed, known }: TranscriptInput & { readonly known: TranscriptLookup },
): Promise<TranscriptOutcome> {
  const media = needed.media?.outcome?.value;
  if (media === undefined) throw new Error('a transcript is read with its reel');
  const supplied = known.providerHasNone ?? (await askProviders(context, media));
  if (typeof supplied !== 'string') return { kind: 'transcript', transcript: supplied, status: 'miss' };
  const wasLookedUp = known.providerHasNone === null && supplied !== 'provider_failed';
  const without = (reason: TranscriptMissing): TranscriptOutcome => ({ kind: 'missing', reason, status: 'miss', wasLookedUp });
  if (options.source !== 'provider_or_hosted' || supplied === 'no_speech') return without(supplied);
  if (!context.deps.transcriber.configured) return without('boundary_not_configured');
  const hosted = await askTranscriber(context, media);
  return typeof hosted === 'string' ? without(hosted) : { kind: 'transcript', transcript: hosted, status: 'miss' };
}

async function askProviders(context: ReadContext, media: InstagramMedia): Promise<Transcript | TranscriptMissing> {
  const { deps, target, budget } = context;
  if (deps.transcripts.providers.length === 0) return 'provider_none';
  const answer = await deps.transcripts.fetchTranscript(target, videoOf(media)?.durationSeconds ?? null, {
    ...budget,
    maxCostMicros: deps.priceCard.prices.transcript_provider.miss,
  });
  const fetched = recordCalls(context, 'transcript', answer.ok ? answer.value : answer.error);
  if (!answer.ok) return 'provider_failed';
  const outcome = answer.value.value;
  const key = providerKey(mediaIdFromShortcode(media.shortcode));
  if (outcome.kind !== 'transcript') {
    keep(context, { key, at: fetched }, { kind: outcome.kind });
    return missingFrom(outcome.kind);
  }
  const { text, language, segments } = outcome;
  const transcript: Transcript = { text, source: 'provider', language, segments: segments === null ? null : [...segments] };
  keep(context, { key, at: fetched }, { kind: 'transcript', transcript });
  return transcript;
}

async function askTranscriber(context: ReadContext, media: InstagramMedia): Promise<Transcript | TranscriptMissing> {
  const { deps, budget } = context;
  const video = videoOf(media);
  // Without an address there is nothing to transcribe, as with an expired one.
  if (video?.url == null) return 'media_url_expired';
  const { shortcode } = media;
  const mediaId = mediaIdFromShortcode(shortcode);
  const key = hostedKey(deps, mediaId);
  const request = { mediaId, shortcode, mediaUrl: video.url, durationSeconds: video.durationSeconds };
  // The address is signed anew with every read of the post, and another address makes another request.
  const idempotencyKey = `transcript:${contentHash([key, request]).slice(0, 32)}`;
  const answer = await deps.transcriber.transcribe(request, idempotencyKey, budget);
  const fetched = recordCalls(context, 'transcript', answer.ok ? answer.value : {});
  if (!answer.ok) {
    const { kind } = answer.error;
    if (kind === 'no_speech' || kind === 'too_long') keep(context, { key, at: fetched }, { kind });
    return missingFromHosted(kind);
  }
  const { text, language, segments } = answer.value;
  const transcript: Transcript = { text, source: 'hosted', language, segments: segments === null ? null : [...segments] };
  keep(context, { key, at: fetched }, { kind: 'transcript', transcript });
  return transcript;
}

/** Caches what one source said, for as long as it holds. */
function keep({ deps }: ReadContext, { key, at: { storedAt, by } }: { key: string; at: FetchedAt }, value: TranscriptEntry['value']): void {
  const ttlSeconds = value.kind === 'transcript' ? TRANSCRIPT_TTL_SECONDS : NO_TRANSCRIPT_TTL_SECONDS;
  const entry: TranscriptEntry = { storedAt, ttlSeconds, value };
  deps.background(deps.cache.keep(key, entry, { retainSeconds: 0, by }));
}

function videoOf(media: InstagramMedia): InstagramMedia['media'][number] | undefined {
  return media.media.find((asset) => asset.type === 'video');
}

function missingFrom(kind: 'no_speech' | 'too_long' | 'none'): TranscriptMissing {
  return kind === 'none' ? 'provider_none' : kind;
}

function missingFromHosted(kind: TranscriptionFailure['kind']): TranscriptMissing {
  switch (kind) {
    case 'no_speech':
    case 'too_long':
    case 'media_url_expired':
      return kind;
    case 'not_configured':
      return 'boundary_not_configured';
    case 'timed_out':
    case 'unreachable':
    case 'refused':
    case 'rate_limited':
    case 'invalid_output':
      return 'boundary_failed';
  }
}

function providerKey(mediaId: string): string {
  return contentKey({ part: 'transcript', mediaId, source: 'provider', model: null });
}

function hostedKey(deps: ReadDeps, mediaId: string): string {
  return contentKey({ part: 'transcript', mediaId, source: 'hosted', model: deps.transcriber.model });
}
