import { z } from 'zod';
import { CommentId, CommentIds, phrase } from './output-parts.ts';

const Caveats = z
  .array(phrase(240))
  .max(5)
  .meta({ description: 'What limits the finding, such as a small sample, irony or several languages.' });

const share = z.number().min(0).max(1).meta({ description: 'Of the sample, from 0 to 1.' });
const SharedCount = z.strictObject({ share, count: z.int().nonnegative().max(1_000) });

/** Models round shares. */
const SHARE_TOLERANCE = 0.03;

/** Three shares that add up to 1, or an empty sample. */
const Distribution = z
  .strictObject({ positive: SharedCount, neutral: SharedCount, negative: SharedCount })
  .refine(({ positive, neutral, negative }) => {
    const whole = positive.share + neutral.share + negative.share;
    return whole === 0 ? positive.count + neutral.count + negative.count === 0 : Math.abs(whole - 1) <= SHARE_TOLERANCE;
  });

export const CommentThemes = z
  .strictObject({
    themes: z
      .array(z.strictObject({ theme: phrase(80), description: phrase(400), share: share.nullable(), commentIds: CommentIds }))
      .max(12),
    caveats: Caveats,
  })
  .meta({ id: 'CommentThemes' });

export const CommentSentiment = z
  .strictObject({
    distribution: Distribution,
    examples: z.array(z.strictObject({ sentiment: z.enum(['positive', 'neutral', 'negative']), commentIds: CommentIds })).max(6),
    caveats: Caveats,
  })
  .meta({ id: 'CommentSentiment' });

export const CommentReading = z
  .strictObject({
    summary: phrase(800),
    sentiment: Distribution,
    topics: z.array(z.strictObject({ topic: phrase(80), commentIds: CommentIds })).max(12),
    questions: z.array(z.strictObject({ question: phrase(240), commentIds: CommentIds })).max(10),
    requests: z.array(z.strictObject({ request: phrase(240), commentIds: CommentIds })).max(10),
    notable: z.array(z.strictObject({ commentId: CommentId, why: phrase(240) })).max(10),
    caveats: Caveats,
  })
  .meta({ id: 'CommentReading' });

export const CommentQuestions = z
  .strictObject({
    questions: z
      .array(
        z.strictObject({
          question: phrase(240),
          commentIds: CommentIds,
          isAnswered: z.boolean().nullable().meta({ description: 'Whether the sample holds an answer; null when it is unclear.' }),
          answerCommentIds: z.array(CommentId).max(10),
        }),
      )
      .max(15),
    unclearPoints: z.array(z.strictObject({ point: phrase(240), commentIds: CommentIds })).max(10),
    caveats: Caveats,
  })
  .meta({ id: 'CommentQuestions' });

export const CommentObjections = z
  .strictObject({
    objections: z
      .array(
        z.strictObject({
          category: z.enum(['purchase', 'trust', 'pricing', 'feature', 'credibility', 'other']),
          objection: phrase(240),
          commentIds: CommentIds,
        }),
      )
      .max(15),
    caveats: Caveats,
  })
  .meta({ id: 'CommentObjections' });

export const CommentConsensus = z
  .strictObject({
    agreements: z.array(z.strictObject({ point: phrase(240), commentIds: CommentIds })).max(10),
    disagreements: z
      .array(
        z.strictObject({
          point: phrase(240),
          positions: z
            .array(z.strictObject({ position: phrase(240), commentIds: CommentIds }))
            .min(2)
            .max(4),
        }),
      )
      .max(10),
    caveats: Caveats,
  })
  .meta({ id: 'CommentConsensus' });

export const CommentNotableReplies = z
  .strictObject({
    replies: z
      .array(
        z.strictObject({
          commentId: CommentId.meta({ description: 'The reply.' }),
          why: phrase(240),
          context: phrase(400).meta({ description: 'What the thread is about.' }),
          threadCommentIds: z.array(CommentId).max(10),
        }),
      )
      .max(20),
    caveats: Caveats,
  })
  .meta({ id: 'CommentNotableReplies' });

export const CommentSpamLowSignal = z
  .strictObject({
    patterns: z
      .array(
        z.strictObject({
          kind: z.enum(['promotion', 'repeated_text', 'bot_like', 'emoji_or_tags', 'off_topic', 'other']),
          pattern: phrase(120),
          description: phrase(400),
          commentIds: CommentIds,
        }),
      )
      .max(12),
    lowSignalShare: share.nullable(),
    caveats: Caveats,
  })
  .meta({ id: 'CommentSpamLowSignal' });

const Mentioned = z.array(z.strictObject({ name: phrase(120), commentIds: CommentIds })).max(20);

export const CommentEntities = z
  .strictObject({ people: Mentioned, brands: Mentioned, products: Mentioned, places: Mentioned, other: Mentioned, caveats: Caveats })
  .meta({ id: 'CommentEntities' });

export const CommentParseOutput = z
  .union([
    CommentThemes,
    CommentSentiment,
    CommentReading,
    CommentQuestions,
    CommentObjections,
    CommentConsensus,
    CommentNotableReplies,
    CommentSpamLowSignal,
    CommentEntities,
  ])
  .meta({ id: 'CommentParseOutput' });
