/** The formats in which the fakes serve a post. */
export const PAYLOAD_KINDS = ['apify', 'hikerapi_v1', 'hikerapi_v2', 'scrapecreators'] as const;
export type PayloadKind = (typeof PAYLOAD_KINDS)[number];

/** The formats of comments, replies and transcripts. `apify_transcript` is a post's item that contains its transcript. */
export const PAGE_KINDS = [
  'hikerapi_v2_comments',
  'hikerapi_v1_comments',
  'hikerapi_gql_comments',
  'hikerapi_replies',
  'scrapecreators_comments',
  'scrapecreators_replies',
  'scrapecreators_transcript',
  'apify_comments',
  'apify_transcript',
] as const;
export type PageKind = (typeof PAGE_KINDS)[number];

export type PageRequest = {
  readonly kind: PageKind;
  readonly shortcode: string;
  /** The vendor's cursor; null for the first page. */
  readonly cursor: string | null;
  /** The parent of replies; null for everything else. */
  readonly commentId: string | null;
  /** The limit of the vendors' lists without pages. */
  readonly limit: number;
  readonly withReplies: boolean;
};

/**
 * A page's JSON text (for Apify's comments an array of items), or why there is none. `end`: the cursor leads past the last page.
 * `elsewhere`: only another provider's recording has it. The rest is the state of the post, which each vendor words differently.
 */
export type Page =
  | { readonly kind: 'page'; readonly text: string }
  | { readonly kind: 'end' | 'none' | 'comments_disabled' | 'no_speech' | 'too_long' | 'no_video' | 'no_post' | 'elsewhere' };

/** The source of what the fakes serve: a folder of recordings, or the project's samples. */
export type Payloads = {
  /** Returns the JSON text of one post (for Apify one dataset item, without its array); null when there is none. */
  find(kind: PayloadKind, shortcode: string): string | null;
  /** Whether a post is known in any format: then a format without it has it elsewhere, and cannot say that it does not exist. */
  isKnown(shortcode: string): boolean;
  /** Returns every shortcode that `find` knows for a kind, in a stable order. */
  shortcodes(kind: PayloadKind): readonly string[];
  page(request: PageRequest): Page;
};
