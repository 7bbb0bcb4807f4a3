import { z } from 'zod';

/** The only list of limitations: code, its reasons, and what each means. The table in docs/limitations.md comes from here. */
export const LIMITATIONS = {
  metric_unavailable: {
    meaning: 'A count is null. It was not zero; it is not known.',
    reasons: {
      hidden_by_author: 'The author hides this count.',
      provider_missing: 'The data provider did not give this count.',
      not_counted: 'The platform counts plays instead of views here.',
    },
  },
  owner_field_unavailable: {
    meaning: "A field of the post's owner is null.",
    reasons: { provider_missing: 'The data provider did not give this field.' },
  },
  field_unavailable: {
    meaning: 'Another field of the post is null although posts of this kind have it.',
    reasons: { provider_missing: 'The data provider did not give this field.' },
  },
  media_url_short_lived: {
    meaning: "Media addresses are signed by the platform and stop working at the asset's `expiresAt`: download what you need before.",
    reasons: { signed_by_platform: 'The address carries its own expiry.' },
  },
  media_url_expired: {
    meaning: 'Media addresses had already expired when they were delivered: they answer 403. Read fresh to get new ones.',
    reasons: { expired: 'The expiry that the address carries is past.' },
  },
  media_url_missing: {
    meaning: 'A picture or video is listed without an address.',
    reasons: { provider_missing: 'The data provider did not give an address.' },
  },
  no_image_understanding: {
    meaning:
      'Pictures and videos were not looked at: text and objects in them are not part of the answer. Alt texts come from the platform.',
    reasons: { not_enabled: 'Reading text or objects from pictures is not enabled.' },
  },
  metrics_stale: {
    meaning: 'The counts are as old as the cached copy, `cache.ageSeconds`.',
    reasons: { cached: 'The answer came from the cache.' },
  },
  stale_copy: {
    meaning: 'A copy past its time was served, at the stale price, as `maxStaleSeconds` allowed.',
    reasons: { providers_failed: 'No data provider delivered a fresh one.' },
  },
  comments_incomplete: {
    meaning: 'Fewer comments than asked for: `truncated` is true. What came is what is charged; `nextCursor` goes on where there is more.',
    reasons: {
      end_of_thread: 'There are no more comments that the data provider can see.',
      disabled: 'The author has turned comments off.',
      deadline: 'The time for one read was over.',
      provider_limit: 'The data provider gives no more of this thread.',
      provider_failed: 'The data provider failed after some comments had come.',
    },
  },
  comments_unavailable: {
    meaning: 'The comments that were asked for beside the post did not come; they are not charged.',
    reasons: {
      provider_failed: 'No data provider delivered comments.',
      provider_none: 'No data provider for comments is configured.',
    },
  },
  comments_order_unverified: {
    meaning: 'Comments come in an order that cannot be checked, so a batch is neither the newest nor a random sample.',
    reasons: {
      platform_ranking: 'The platform ranks them for its viewers.',
      unknown_order: 'The data provider does not say how it orders them.',
    },
  },
  replies_incomplete: {
    meaning: 'Some comment has more replies than were delivered.',
    reasons: { provider_limit: 'Time or calls of this read were used up, or the data provider gave no more.' },
  },
  comment_owner_unavailable: {
    meaning: 'Fields of the people who commented are null.',
    reasons: { provider_missing: 'The data provider did not give them.' },
  },
  transcript_unavailable: {
    meaning: 'The reel comes without its words; the transcript is not charged.',
    reasons: {
      no_speech: 'Nobody speaks in it.',
      too_long: 'The video is longer than transcription takes.',
      provider_none: 'The data provider has no transcript.',
      provider_failed: 'The data provider failed.',
      boundary_not_configured: 'Hosted transcription is not configured.',
      boundary_failed: 'Hosted transcription failed or took too long.',
      media_url_expired: 'The address of the video no longer worked.',
    },
  },
  sampled_comments: {
    meaning: 'The interpretation saw a ranked sample of the comments, not all of them; `parse.sample` says how it was taken.',
    reasons: { ranked_sample: 'Comments were ranked, and those of low signal left out.' },
  },
  parse_without_caption: {
    meaning: 'The interpretation had no caption to go by.',
    reasons: { no_caption: 'The post has none.' },
  },
  parse_without_transcript: {
    meaning: 'The interpretation of a video did not have its words.',
    reasons: {
      not_requested: 'No transcript was asked for.',
      unavailable: 'There is none; see `transcript_unavailable`.',
    },
  },
  parse_failed: {
    meaning: 'There is no interpretation; it is not charged. The rest of the answer is complete.',
    reasons: {
      boundary_not_configured: 'Hosted interpretation is not configured.',
      boundary_failed: 'Hosted interpretation failed or refused.',
      timed_out: 'There was no time left for it.',
      invalid_output: 'What came back did not have the promised shape.',
      nothing_to_parse: 'There was no text to interpret.',
    },
  },
} as const satisfies Record<string, { meaning: string; reasons: Record<string, string> }>;

export type LimitationCode = keyof typeof LIMITATIONS;
/** The reasons a code can have. */
export type ReasonOf<C extends LimitationCode> = keyof (typeof LIMITATIONS)[C]['reasons'] & string;

/** A typed reason why something in an answer is missing or weaker than it looks. */
export const Limitation = z
  .object({
    code: z.enum(Object.keys(LIMITATIONS) as [LimitationCode, ...LimitationCode[]]), // safe because the table above is not empty
    path: z.string().meta({ description: 'What it is about, from the root of the answer.', example: 'data.metrics.likes' }),
    reason: z.string().meta({ example: 'hidden_by_author' }),
    message: z.string(),
  })
  .meta({ id: 'Limitation' });
export type Limitation = z.infer<typeof Limitation>;

/** Composes a limitation with the reason's own sentence, which a caller may replace by a more precise one. */
export function limitation<C extends LimitationCode>(code: C, path: string, reason: ReasonOf<C>): Limitation {
  // safe because ReasonOf<C> only allows the keys of this row
  const reasons = LIMITATIONS[code].reasons as Readonly<Record<string, string>>;
  return { code, path, reason, message: reasons[reason] ?? '' };
}
