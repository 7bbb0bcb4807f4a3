import type { InstagramMedia } from '../../instagram/media.ts';
import { mediaIdFromShortcode } from '../../instagram/shortcode.ts';
import type { Transcript } from '../../instagram/transcript.ts';
import type { MediaTarget } from '../../instagram/target.ts';
import type { TranscriptionFailure } from '../../parse/ports.ts';
import type { Budget } from '../../net/deadline.ts';
import { contentHash, contentKey } from '../cache/key.ts';
import { isFresh, TranscriptCopy } from '../cache/content-cache.ts';
import type { ReadDeps } from '../ports.ts';
import type { ReadTrace } from '../trace.ts';
import type { TranscriptWanted } from '../want.ts';
import { type FetchNote, noteFetch } from './fetch-note.ts';

/** The words of a video don't change. Seconds. */
const TRANSCRIPT_TTL_SECONDS = 2_592_000;

/** That there are none may be a passing fault of whoever listened. Seconds. */
const NO_TRANSCRIPT_TTL_SECONDS = 86_400;

/** Why a reel comes without its words. Also the reasons of the limitation `transcript_unavailable`. */
export type TranscriptMissing =
  | 'no_speech'
  | 'too_long'
  | 'provider_none'
  | 'provider_failed'
  | 'boundary_not_configured'
  | 'boundary_failed'
  | 'media_url_expired';

/** A transcript in hand, from the cache or just made, or why there is none. */
export type TranscriptResult =
  | { readonly kind: 'transcript'; readonly transcript: Transcript; readonly status: 'hit' | 'miss' }
  | { readonly kind: 'missing'; readonly reason: TranscriptMissing; readonly status: 'hit' | 'miss' };

/** What the cache knows of a video's words. `providerHasNone`: asking the providers again would be for nothing. */
export type TranscriptSlot = { readonly hit: TranscriptResult | null; readonly providerHasNone: TranscriptMissing | null };

/** Looks the words of a video up, by its identity and by who wrote them down. */
export async function lookUpTranscript(deps: ReadDeps, shortcode: string, wanted: TranscriptWanted): Promise<TranscriptSlot> {
  const mediaId = mediaIdFromShortcode(shortcode);
  const read = async (key: string) => {
    const copy = await deps.cache.get(key, TranscriptCopy, null);
    return copy !== null && isFresh(copy, deps.clock(), null) ? copy.value : null;
  };
  const isHostedWanted = wanted === 'provider_or_hosted' && deps.transcriber.configured;
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
  const reason = wanted === 'provider_or_hosted' && providerHasNone !== 'no_speech' ? 'boundary_not_configured' : providerHasNone;
  return { hit: { kind: 'missing', reason, status: 'hit' }, providerHasNone };
}

/** Gets the words of a video: from the providers, and failing those from the hosted boundary where that is wanted. Only while a hold is open. */
export async function fetchTranscript(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  media: InstagramMedia,
  wanted: TranscriptWanted,
  slot: TranscriptSlot,
  budget: Budget,
): Promise<TranscriptResult> {
  const supplied = slot.providerHasNone ?? (await askProviders(deps, trace, target, media, budget));
  if (typeof supplied !== 'string') return { kind: 'transcript', transcript: supplied, status: 'miss' };
  if (wanted !== 'provider_or_hosted' || supplied === 'no_speech') return { kind: 'missing', reason: supplied, status: 'miss' };
  if (!deps.transcriber.configured) return { kind: 'missing', reason: 'boundary_not_configured', status: 'miss' };
  const hosted = await askBoundary(deps, trace, media, budget);
  return typeof hosted === 'string'
    ? { kind: 'missing', reason: hosted, status: 'miss' }
    : { kind: 'transcript', transcript: hosted, status: 'miss' };
}

async function askProviders(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  media: InstagramMedia,
  budget: Budget,
): Promise<Transcript | TranscriptMissing> {
  if (deps.transcripts.providers.length === 0) return 'provider_none';
  const asked = await deps.transcripts.fetchTranscript(target, videoOf(media)?.durationSeconds ?? null, budget);
  const fetched = noteFetch(deps, trace, asked.ok ? asked.value : asked.error);
  if (!asked.ok) return 'provider_failed';
  const outcome = asked.value.value;
  const key = providerKey(mediaIdFromShortcode(media.shortcode));
  if (outcome.kind !== 'transcript') {
    keep(deps, fetched, key, NO_TRANSCRIPT_TTL_SECONDS, { kind: outcome.kind });
    return missingFrom(outcome.kind);
  }
  const { text, language, segments } = outcome;
  const transcript: Transcript = { text, source: 'provider', language, segments: segments === null ? null : [...segments] };
  keep(deps, fetched, key, TRANSCRIPT_TTL_SECONDS, { kind: 'transcript', transcript });
  return transcript;
}

async function askBoundary(
  deps: ReadDeps,
  trace: ReadTrace,
  media: InstagramMedia,
  budget: Budget,
): Promise<Transcript | TranscriptMissing> {
  const video = videoOf(media);
  // Without an address there is nothing to hand over; that is what an expired one comes to.
  if (video?.url == null) return 'media_url_expired';
  const { shortcode } = media;
  const mediaId = mediaIdFromShortcode(shortcode);
  const key = hostedKey(deps, mediaId);
  const request = { mediaId, shortcode, mediaUrl: video.url, durationSeconds: video.durationSeconds };
  // The address is signed anew with every read of the post; a request with another address is another request to the boundary.
  const idempotencyKey = `transcript:${contentHash([key, request]).slice(0, 32)}`;
  const asked = await deps.transcriber.transcribe(request, idempotencyKey, budget);
  const fetched = noteFetch(deps, trace, asked.ok ? asked.value : {});
  if (!asked.ok) {
    const { kind } = asked.error;
    if (kind === 'no_speech' || kind === 'too_long') keep(deps, fetched, key, NO_TRANSCRIPT_TTL_SECONDS, { kind });
    return missingFromBoundary(kind);
  }
  const { text, language, segments } = asked.value;
  const transcript: Transcript = { text, source: 'hosted', language, segments: segments === null ? null : [...segments] };
  keep(deps, fetched, key, TRANSCRIPT_TTL_SECONDS, { kind: 'transcript', transcript });
  return transcript;
}

function keep(deps: ReadDeps, { storedAt, by }: FetchNote, key: string, ttlSeconds: number, value: TranscriptCopy['value']): void {
  const copy: TranscriptCopy = { storedAt, ttlSeconds, value };
  deps.background(deps.cache.keep(key, copy, 0, by));
}

function videoOf(media: InstagramMedia): InstagramMedia['media'][number] | undefined {
  return media.media.find((asset) => asset.type === 'video');
}

function missingFrom(kind: 'no_speech' | 'too_long' | 'none'): TranscriptMissing {
  return kind === 'none' ? 'provider_none' : kind;
}

function missingFromBoundary(kind: TranscriptionFailure['kind']): TranscriptMissing {
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
