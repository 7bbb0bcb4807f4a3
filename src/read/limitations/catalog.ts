import { z } from 'zod';

/** The only list of limitations. The table in docs/concepts/limitations.md is generated from it. */
export const LIMITATIONS = {
  mirror_link: {
    meaning: 'The URL leads to an embed mirror, not to Instagram. The post that it names was read; the mirror was not asked.',
    reasons: { embed_mirror: 'The host shows previews of posts in chats and uses their paths.' },
  },
  metric_unavailable: {
    meaning: 'A count is null because it is unknown; it is not zero.',
    reasons: {
      hidden_by_author: 'The author hides this count.',
      provider_missing: 'The data provider did not give this count.',
      not_counted: 'The platform counts plays instead of views here.',
      placeholder: 'The data provider gives a placeholder instead of this count.',
      unverified: 'The data provider gave a number that is not known to be this count.',
      facebook_included: 'The data provider gave a number that counts plays on Facebook too.',
      contradicted: 'The data provider gave a number that the rest of its answer contradicts.',
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
    meaning: "Media URLs are signed by the platform and stop working at the asset's `expiresAt`; download what you need before then.",
    reasons: { signed_by_platform: 'The URL carries its own expiry.' },
  },
  media_url_expired: {
    meaning: 'Media URLs had already expired when they were delivered and answer 403. Read fresh to get new ones.',
    reasons: { expired: 'The expiry in the URL has passed.' },
  },
  media_url_missing: {
    meaning: 'A picture or video is listed without a URL.',
    reasons: { provider_missing: 'The data provider did not give a URL.' },
  },
  media_url_withheld: {
    meaning: 'A media URL is null because it does not lead to the content servers of the platform.',
    reasons: { foreign_address: 'The data provider gave a URL that does not lead to the content servers of the platform.' },
  },
  no_image_understanding: {
    meaning:
      'Pictures and videos were not analyzed: text and objects in them are not part of the answer. Alt texts come from the platform.',
    reasons: { not_enabled: 'Reading text or objects in pictures is not enabled.' },
  },
  metrics_stale: {
    meaning: 'The counts are as old as the cache entry; see `cache.ageSeconds`.',
    reasons: { cached: 'The answer came from the cache.' },
  },
  stale_copy: {
    meaning: 'An expired cache entry was served at the stale price, as `maxStaleSeconds` allowed.',
    reasons: { providers_failed: 'No data provider delivered a fresh one.' },
  },
  comments_incomplete: {
    meaning:
      'Fewer comments than requested: `truncated` is true. The price is their share of the batch, and at least the minimum of the pages read; `nextCursor` continues where there are more.',
    reasons: {
      end_of_thread: 'There are no more comments that the data provider can see.',
      disabled: 'The author has turned comments off.',
      deadline: 'The time limit of the read was reached.',
      price_limit: 'The price of the read pays for no further call to the data provider.',
      provider_limit: 'The data provider returns no more of this thread.',
      provider_failed: 'The data provider failed after some comments had arrived.',
    },
  },
  comments_unavailable: {
    meaning: 'The comments requested with the post were not delivered; they are not charged.',
    reasons: {
      provider_failed: 'No data provider delivered comments.',
      provider_none: 'No data provider for comments is configured.',
    },
  },
  comments_order_unverified: {
    meaning: 'The order of the comments cannot be verified, so a batch is neither the newest nor a random sample.',
    reasons: {
      platform_ranking: 'The platform ranks them for its viewers.',
      unknown_order: 'The data provider does not say how it orders them.',
    },
  },
  replies_incomplete: {
    meaning: 'Some comments have more replies than were delivered.',
    reasons: {
      price_limit: 'The price of the replies pays for no further call to the data provider.',
      provider_limit: 'The time or call limit of the read was reached, or the data provider returned no more.',
    },
  },
  comment_owner_unavailable: {
    meaning: 'Fields of the people who commented are null.',
    reasons: { provider_missing: 'The data provider did not give them.' },
  },
  comment_text_unavailable: {
    meaning: 'The text of some comments is empty although they are not known to be GIFs or stickers.',
    reasons: { provider_missing: 'The data provider did not give it.' },
  },
  transcript_unavailable: {
    meaning:
      'The reel is delivered without a transcript. It costs nothing, or the minimum of the look-up where a data provider said that it has none.',
    reasons: {
      no_speech: 'No speech was detected.',
      too_long: 'The video is longer than transcription accepts.',
      provider_none: 'The data provider has no transcript.',
      provider_failed: 'The data provider failed.',
      boundary_not_configured: 'Hosted transcription is not configured.',
      boundary_failed: 'Hosted transcription failed or timed out.',
      media_url_expired: 'The URL of the video no longer worked.',
    },
  },
  sampled_comments: {
    meaning: 'The interpretation is based on a ranked sample of the comments, not on all of them; `parse.sample` says how it was taken.',
    reasons: { ranked_sample: 'Comments were ranked, and low-signal ones were left out.' },
  },
  parse_without_caption: {
    meaning: 'The interpretation had no caption to work with.',
    reasons: { no_caption: 'The post has no caption.' },
  },
  parse_without_transcript: {
    meaning: 'The interpretation of a video had no transcript to work with.',
    reasons: {
      not_requested: 'No transcript was requested.',
      unavailable: 'There is no transcript; see `transcript_unavailable`.',
    },
  },
  parse_failed: {
    meaning: 'There is no interpretation, and none is charged. The rest of the answer is complete.',
    reasons: {
      boundary_not_configured: 'Hosted interpretation is not configured.',
      boundary_failed: 'Hosted interpretation failed or refused.',
      timed_out: 'No time was left for it.',
      invalid_output: 'The output did not have the documented shape.',
      nothing_to_parse: 'There was no text to interpret.',
    },
  },
} as const satisfies Record<string, { meaning: string; reasons: Record<string, string> }>;

export type LimitationCode = keyof typeof LIMITATIONS;
export type ReasonOf<C extends LimitationCode> = keyof (typeof LIMITATIONS)[C]['reasons'] & string;

/** A typed reason why something in an answer is missing or weaker than it looks. */
export const Limitation = z
  .object({
    code: z.enum(Object.keys(LIMITATIONS) as [LimitationCode, ...LimitationCode[]]), // safe because the table above is not empty
    path: z
      .string()
      .meta({ description: 'The field that is missing or weak, from the root of the answer.', example: 'data.metrics.likes' }),
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
