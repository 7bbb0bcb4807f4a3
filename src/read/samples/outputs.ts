import type { CommentParseMode, MediaParseMode } from '../../parse/ports.ts';

/** The owner of every sample post. */
export const SAMPLE_OWNER = 'sandbox.baker';

const NO_CAVEATS: readonly string[] = [];
const one = (commentId: string | undefined) => (commentId === undefined ? ['1'] : [commentId]);

/** Invented interpretations of a sample post. */
export const MEDIA_OUTPUTS: Readonly<Record<MediaParseMode, Readonly<Record<string, unknown>>>> = {
  summary: { summary: 'A baker folds dough twice and lets it rest.', keyPoints: ['Two folds', 'A long rest'], discussion: null },
  tldr: { tldr: 'Two folds and a long rest make the bread.' },
  json: {
    topic: 'baking',
    summary: 'A baker folds dough twice and lets it rest.',
    intent: 'inform',
    tone: 'positive',
    language: 'en',
    topics: ['bread'],
    entities: [],
    claims: ['The dough is folded twice.'],
    callToAction: null,
    isPromotional: false,
    discussion: null,
  },
};

/** Invents an interpretation of sample comments that cites the comment `commentId`. */
export function commentOutput(mode: CommentParseMode, commentId: string | undefined): Readonly<Record<string, unknown>> {
  const commentIds = one(commentId);
  const none = { share: 0, count: 0 };
  const positive = { positive: { share: 1, count: 1 }, neutral: none, negative: none };
  const outputs: Record<CommentParseMode, Readonly<Record<string, unknown>>> = {
    themes: { themes: [{ theme: 'flour', description: 'Which flour was used.', share: 1, commentIds }], caveats: NO_CAVEATS },
    sentiment: { distribution: positive, examples: [{ sentiment: 'positive', commentIds }], caveats: NO_CAVEATS },
    json: {
      summary: 'Readers ask about the flour.',
      sentiment: positive,
      topics: [{ topic: 'flour', commentIds }],
      questions: [{ question: 'Which flour?', commentIds }],
      requests: [],
      notable: [{ commentId: commentIds[0], why: 'It asks what many ask.' }],
      caveats: NO_CAVEATS,
    },
    questions: {
      questions: [{ question: 'Which flour?', commentIds, isAnswered: false, answerCommentIds: [] }],
      unclearPoints: [],
      caveats: NO_CAVEATS,
    },
    objections: { objections: [{ category: 'other', objection: 'It takes too long.', commentIds }], caveats: NO_CAVEATS },
    consensus: { agreements: [{ point: 'The bread looks good.', commentIds }], disagreements: [], caveats: NO_CAVEATS },
    notable_replies: {
      replies: [{ commentId: commentIds[0], why: 'It answers the question.', context: 'Which flour was used.', threadCommentIds: [] }],
      caveats: NO_CAVEATS,
    },
    spam_low_signal: { patterns: [], lowSignalShare: 0, caveats: NO_CAVEATS },
    entities: { people: [], brands: [], products: [{ name: 'rye flour', commentIds }], places: [], other: [], caveats: NO_CAVEATS },
  };
  return outputs[mode];
}
