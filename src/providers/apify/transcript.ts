import { z } from 'zod';
import { canonicalUrl } from '../../instagram/media.ts';
import type { MediaTarget } from '../../instagram/target.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { apifyProblem, MIN_RUN_CHARGE_CAP_USD, runActor } from './run.ts';
import type { ProviderFailureKind, TranscriptOutcome, TranscriptProvider } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import type { VendorAccess } from '../adapter/call.ts';
import { textOrNull } from '../../instagram/facts.ts';
import { text } from '../adapter/fields.ts';

/** The only actor with transcripts. Bills a result and each minute of the video, at an unpublished price. */
const ACTOR = 'apify~instagram-reel-scraper';

const Reel = z.object({ shortCode: z.string().min(1), transcript: text });

/** Reads a transcript from Apify. The actor does not tell silence from a failed transcript: both are `none`. */
export function fetchApifyTranscript(
  access: VendorAccess,
  target: MediaTarget,
  budget: Budget,
): ReturnType<TranscriptProvider['fetchTranscript']> {
  // `username` also accepts the URL of one reel.
  const input = { username: [canonicalUrl(target.shortcode, 'reel')], resultsLimit: 1, includeTranscript: true };
  const read = (items: readonly unknown[]) => readTranscript(items, target);
  const count = (outcome: TranscriptOutcome) => (outcome.kind === 'transcript' ? 1 : 0);
  return runActor(access, { actor: ACTOR, body: 'transcript', input, maxChargeUsd: MIN_RUN_CHARGE_CAP_USD, read, count }, budget);
}

function readTranscript(items: readonly unknown[], target: MediaTarget): Result<TranscriptOutcome, ProviderFailureKind> {
  if (items.length === 0) return err('unavailable');
  for (const item of items) {
    const reel = Reel.safeParse(item);
    if (!reel.success || reel.data.shortCode !== target.shortcode) continue;
    const spoken = textOrNull(reel.data.transcript?.trim());
    return ok(spoken === null ? { kind: 'none' } : { kind: 'transcript', text: spoken, language: null, segments: null });
  }
  return err(apifyProblem(items));
}
