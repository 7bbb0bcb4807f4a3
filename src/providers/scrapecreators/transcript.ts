import { z } from 'zod';
import { canonicalUrl } from '../../instagram/media.ts';
import type { MediaTarget } from '../../instagram/target.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { ProviderFailureKind, TranscriptOutcome, TranscriptProvider } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import { creditsUsed, scrapeCreatorsProblem, scrapeCreatorsRequest } from './requests.ts';
import type { JsonAnswer } from '../../net/fetch-json.ts';
import { callVendor, notStarted, unusedReceipt, type VendorAccess } from '../adapter/call.ts';
import { textOrNull } from '../../instagram/facts.ts';
import { text } from '../adapter/fields.ts';

/** The vendor states 10 to 30 s; the read's deadline is shorter. */
export const SCRAPECREATORS_TRANSCRIPT_LIMIT_MS = 30_000;

/** No transcript is requested with less time left: half of the vendor's stated minimum. */
export const SCRAPECREATORS_TRANSCRIPT_MIN_TIME_MS = 5_000;

/** The vendor accepts videos of less than two minutes. */
export const SCRAPECREATORS_TRANSCRIPT_MAX_SECONDS = 120;

const WHERE = { provider: 'scrapecreators', endpoint: '/v2/instagram/media/transcript' } as const;

/** One entry per video of the post, without language or times. */
const Entry = z.object({ shortcode: text, text });
const Body = z.object({ transcripts: z.array(Entry).nullable() });

const Spoken = z.object({ message: text, error: text });

/** Reads a transcript from ScrapeCreators. A video known to be too long is `too_long` without a call. */
export async function fetchScrapeCreatorsTranscript(
  access: VendorAccess,
  { target, durationSeconds }: { readonly target: MediaTarget; readonly durationSeconds: number | null },
  budget: Budget,
): ReturnType<TranscriptProvider['fetchTranscript']> {
  if (durationSeconds !== null && durationSeconds >= SCRAPECREATORS_TRANSCRIPT_MAX_SECONDS) {
    return ok({ value: { kind: 'too_long' }, receipt: unusedReceipt(WHERE) });
  }
  if (budget.deadlineAt - access.clock() < SCRAPECREATORS_TRANSCRIPT_MIN_TIME_MS) return err(notStarted(WHERE));
  const url = canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image');
  const request = scrapeCreatorsRequest(access, WHERE.endpoint, { url }, SCRAPECREATORS_TRANSCRIPT_LIMIT_MS);
  const read = (answer: JsonAnswer) => readTranscript(answer, target);
  const count = (outcome: TranscriptOutcome) => (outcome.kind === 'transcript' ? 1 : 0);
  return callVendor(access, { ...WHERE, body: 'transcript', request, read, usage: creditsUsed, count }, budget);
}

function readTranscript(answer: JsonAnswer, target: MediaTarget): Result<TranscriptOutcome, ProviderFailureKind> {
  const spoken = Spoken.safeParse(answer.body);
  const said = spoken.success ? `${spoken.data.message ?? ''}\n${spoken.data.error ?? ''}` : '';
  if (answer.status === 404 && /does not have a video/i.test(said)) return ok({ kind: 'none' });
  const problem = scrapeCreatorsProblem(answer);
  if (problem !== null) return err(problem);
  const body = Body.safeParse(answer.body);
  if (!body.success) return err('bad_response');
  return ok(toOutcome(body.data.transcripts, target));
}

/** Null, whole or in an entry, means silence; an empty list says nothing. */
function toOutcome(entries: readonly z.infer<typeof Entry>[] | null, target: MediaTarget): TranscriptOutcome {
  if (entries?.length === 0) return { kind: 'none' };
  // Videos of a carousel have their own shortcodes, so all entries count unless one names the post itself.
  const named = (entries ?? []).filter((entry) => entry.shortcode === target.shortcode);
  const spoken = (named.length > 0 ? named : (entries ?? [])).flatMap((entry) => textOrNull(entry.text?.trim()) ?? []);
  if (spoken.length === 0) return { kind: 'no_speech' };
  return { kind: 'transcript', text: spoken.join('\n\n'), language: null, segments: null };
}
