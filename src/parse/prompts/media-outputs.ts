import { z } from 'zod';
import { CommentIds, phrase } from './output-parts.ts';

const Discussion = z
  .strictObject({
    summary: phrase(600),
    points: z.array(z.strictObject({ point: phrase(240), commentIds: CommentIds })).max(8),
  })
  .nullable()
  .meta({ description: 'What the sampled comments say; null when none were asked for.' });

export const MediaSummary = z
  .strictObject({
    summary: phrase(1_200),
    keyPoints: z.array(phrase(240)).max(8),
    discussion: Discussion,
  })
  .meta({ id: 'MediaSummary' });

export const MediaTldr = z
  .strictObject({ tldr: phrase(280).meta({ description: 'One sentence: what it is and why it matters.' }) })
  .meta({ id: 'MediaTldr' });

export const MediaReading = z
  .strictObject({
    topic: phrase(120),
    summary: phrase(600),
    intent: z.enum(['inform', 'entertain', 'promote', 'announce', 'ask', 'personal', 'other']),
    tone: z.enum(['positive', 'neutral', 'negative', 'mixed']),
    language: z.string().max(35).nullable().meta({ description: 'Of the caption or the transcript, as BCP 47; null when unclear.' }),
    topics: z.array(phrase(80)).max(10),
    entities: z.array(z.strictObject({ name: phrase(120), kind: z.enum(['person', 'brand', 'product', 'place', 'other']) })).max(20),
    claims: z.array(phrase(240)).max(10).meta({ description: 'Statements of fact made in the caption or transcript; not checked.' }),
    callToAction: phrase(240).nullable(),
    isPromotional: z.boolean(),
    discussion: Discussion,
  })
  .meta({ id: 'MediaReading' });

export const MediaParseOutput = z.union([MediaSummary, MediaTldr, MediaReading]).meta({ id: 'MediaParseOutput' });
