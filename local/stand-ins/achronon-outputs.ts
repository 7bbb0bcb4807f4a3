import { z } from 'zod';

/** The data inside a request's fence, as the boundary reads it. */
const ParseData = z.object({
  post: z
    .object({ type: z.string(), owner: z.string().nullable(), caption: z.string().nullable(), transcript: z.string().nullable() })
    .nullable(),
  comments: z
    .array(
      z.object({
        id: z.string(),
        replyTo: z.string().optional(),
        by: z.string().optional(),
        postOwner: z.boolean().optional(),
        likes: z.number().optional(),
        text: z.string(),
      }),
    )
    .nullable(),
});
export type ParseData = z.infer<typeof ParseData>;
type Comment = NonNullable<ParseData['comments']>[number];

/** What is quoted of a text, in UTF-16 units. */
const QUOTED_CHARACTERS = 32;

/** How many comments a finding names. */
const NAMED_COMMENTS = 3;

const CAVEAT = 'Made by the local stand-in from counts and first words; nobody has read the texts.';

/** Reads the fenced data, or null when the fence isn't whole. */
export function readFence(content: string): ParseData | null {
  const data = /^BEGIN UNTRUSTED DATA ([0-9a-f]{32})\n([^\n]*)\nEND UNTRUSTED DATA \1$/.exec(content)?.[2];
  if (data === undefined) return null;
  try {
    return ParseData.parse(JSON.parse(data));
  } catch {
    return null;
  }
}

/** An output for a mode, made from the data alone: the same data gives the same output, and shows in it. Null for a mode that isn't known. */
export function outputFor(subject: 'media' | 'comments', mode: string, data: ParseData): Readonly<Record<string, unknown>> | null {
  const outputs = subject === 'media' ? MEDIA_OUTPUTS : COMMENT_OUTPUTS;
  return outputs[mode]?.(data) ?? null;
}

type Outputs = Readonly<Record<string, ((data: ParseData) => Readonly<Record<string, unknown>>) | undefined>>;

const MEDIA_OUTPUTS: Outputs = {
  summary: (data) => ({ summary: description(data), keyPoints: keyPoints(data), discussion: discussion(data) }),
  tldr: (data) => ({ tldr: description(data).slice(0, 280) }),
  json: (data) => ({
    topic: quoted(data.post?.caption ?? data.post?.transcript ?? 'nothing written'),
    summary: description(data),
    intent: 'other',
    tone: 'neutral',
    language: null,
    topics: keyPoints(data).map((point) => point.slice(0, 80)),
    entities: data.post?.owner == null ? [] : [{ name: data.post.owner, kind: 'person' }],
    claims: [],
    callToAction: null,
    isPromotional: false,
    discussion: discussion(data),
  }),
};

const COMMENT_OUTPUTS: Outputs = {
  themes: (data) => ({
    themes: finding(data, (comments, commentIds) => ({
      theme: `Theme of ${comments.length} comments`,
      description: talk(comments),
      share: 1,
      commentIds,
    })),
    caveats: [CAVEAT],
  }),
  sentiment: (data) => ({
    distribution: distribution(data),
    examples: finding(data, (_comments, commentIds) => ({ sentiment: 'positive', commentIds })),
    caveats: [CAVEAT],
  }),
  json: (data) => ({
    summary: talk(data.comments ?? []),
    sentiment: distribution(data),
    topics: finding(data, (comments, commentIds) => ({ topic: `Topic of ${comments.length} comments`, commentIds })),
    questions: asked(data).map(({ id, text }) => ({ question: quoted(text), commentIds: [id] })),
    requests: [],
    notable: (data.comments ?? []).slice(0, 1).map(({ id, likes }) => ({ commentId: id, why: `It has ${likes ?? 0} likes.` })),
    caveats: [CAVEAT],
  }),
  questions: (data) => ({
    questions: asked(data).map(({ id, text }) => {
      const answerCommentIds = (data.comments ?? []).filter(({ replyTo }) => replyTo === id).slice(0, NAMED_COMMENTS);
      return {
        question: quoted(text),
        commentIds: [id],
        isAnswered: answerCommentIds.length > 0,
        answerCommentIds: answerCommentIds.map(({ id }) => id),
      };
    }),
    unclearPoints: [],
    caveats: [CAVEAT],
  }),
  objections: (data) => ({
    objections: finding(data, (comments, commentIds) => ({ category: 'other', objection: talk(comments).slice(0, 240), commentIds })),
    caveats: [CAVEAT],
  }),
  consensus: (data) => ({
    agreements: finding(data, (comments, commentIds) => ({ point: `Agreed on by ${comments.length} comments`, commentIds })),
    disagreements: [],
    caveats: [CAVEAT],
  }),
  notable_replies: (data) => ({
    replies: (data.comments ?? [])
      .filter(({ replyTo }) => replyTo !== undefined)
      .slice(0, 20)
      .map(({ id, replyTo, by, postOwner, text }) => ({
        commentId: id,
        why: postOwner === true ? 'The owner of the post wrote it.' : `Written by ${by ?? 'somebody'}.`,
        context: `A reply beginning ${quoted(text)}`,
        threadCommentIds: (data.comments ?? []).filter((comment) => comment.id === replyTo).map(({ id }) => id),
      })),
    caveats: [CAVEAT],
  }),
  spam_low_signal: (data) => ({
    patterns: finding(data, (comments, commentIds) => ({
      kind: 'other',
      pattern: `Pattern of ${comments.length} comments`,
      description: talk(comments),
      commentIds,
    })),
    lowSignalShare: null,
    caveats: [CAVEAT],
  }),
  entities: (data) => ({
    people: (data.comments ?? [])
      .flatMap(({ id, text }) => (/@([A-Za-z0-9_.]{1,30})/.exec(text) ?? []).slice(1).map((name) => ({ name, commentIds: [id] })))
      .slice(0, 20),
    brands: [],
    products: [],
    places: [],
    other: [],
    caveats: [CAVEAT],
  }),
};

function description({ post, comments }: ParseData): string {
  const parts = [
    post?.caption == null ? 'no caption' : `a caption of ${post.caption.length} characters beginning ${quoted(post.caption)}`,
    post?.transcript == null
      ? 'no transcript'
      : `a transcript of ${post.transcript.length} characters beginning ${quoted(post.transcript)}`,
    comments === null ? 'no comments' : `${comments.length} comments`,
  ];
  return `Stand-in for a ${post?.type ?? 'post'} with ${parts.join(', ')}.`;
}

function keyPoints({ post }: ParseData): readonly string[] {
  return [post?.caption, post?.transcript].flatMap((text) => (text == null ? [] : [`It says ${quoted(text)}`]));
}

function discussion(data: ParseData) {
  if (data.comments === null) return null;
  return {
    summary: talk(data.comments),
    points: finding(data, (comments, commentIds) => ({ point: `Said by ${comments.length} comments`, commentIds })),
  };
}

function talk(comments: readonly Comment[]): string {
  const [first] = comments;
  const characters = comments.reduce((sum, { text }) => sum + text.length, 0);
  return `${comments.length} comments with ${characters} characters${first === undefined ? '' : `, the first of them ${quoted(first.text)}`}.`;
}

/** One finding that names the first comments; none where there are no comments. */
function finding<T>({ comments }: ParseData, make: (comments: readonly Comment[], commentIds: readonly string[]) => T): readonly T[] {
  if (comments === null || comments.length === 0) return [];
  return [
    make(
      comments,
      comments.slice(0, NAMED_COMMENTS).map(({ id }) => id),
    ),
  ];
}

function asked({ comments }: ParseData): readonly Comment[] {
  return (comments ?? []).filter(({ text }) => /[?？؟]/.test(text)).slice(0, 10);
}

/** Every third comment is positive, neutral or negative, by its place. */
function distribution({ comments }: ParseData) {
  const all = comments?.length ?? 0;
  const part = (place: number) => {
    const count = Math.floor((all + 2 - place) / 3);
    return { count, share: all === 0 ? 0 : count / all };
  };
  return { positive: part(0), neutral: part(1), negative: part(2) };
}

function quoted(text: string): string {
  const start = text.slice(0, QUOTED_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
  return `"${start.trim()}"`;
}
