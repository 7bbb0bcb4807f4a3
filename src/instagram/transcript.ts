import { z } from '@hono/zod-openapi';

/** A stretch of speech. Seconds from the start of the video. */
export const TranscriptSegment = z
  .object({ startSeconds: z.number().nonnegative(), endSeconds: z.number().nonnegative(), text: z.string() })
  .openapi('TranscriptSegment');
export type TranscriptSegment = z.infer<typeof TranscriptSegment>;

/** The words of a video, and who wrote them down. */
export const Transcript = z
  .object({
    text: z.string().min(1),
    source: z.enum(['provider', 'hosted']).openapi({ description: 'Supplied by the data provider, or made by hosted transcription.' }),
    language: z.string().nullable().openapi({ description: 'BCP 47, where known.' }),
    segments: z.array(TranscriptSegment).nullable(),
  })
  .openapi('Transcript');
export type Transcript = z.infer<typeof Transcript>;
