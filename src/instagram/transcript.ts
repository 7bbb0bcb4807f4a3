import { z } from 'zod';

/** A span of speech, in seconds from the start of the video. */
export const TranscriptSegment = z
  .object({ startSeconds: z.number().nonnegative(), endSeconds: z.number().nonnegative(), text: z.string() })
  .meta({ id: 'TranscriptSegment' });
export type TranscriptSegment = z.infer<typeof TranscriptSegment>;

export const Transcript = z
  .object({
    text: z.string().min(1),
    source: z.enum(['provider', 'hosted']).meta({ description: 'Supplied by the data provider, or made by hosted transcription.' }),
    language: z.string().nullable().meta({ description: 'BCP 47; null where it is not known.' }),
    segments: z.array(TranscriptSegment).nullable().meta({ description: 'Null where the source gives the text alone.' }),
  })
  .meta({ id: 'Transcript' });
export type Transcript = z.infer<typeof Transcript>;
