/** The shapes in which the stand-ins serve a post: one a provider, and two where the provider has two versions. */
export const PAYLOAD_KINDS = ['apify', 'hikerapi_v1', 'hikerapi_v2', 'scrapecreators'] as const;
export type PayloadKind = (typeof PAYLOAD_KINDS)[number];

/** The shapes in which they serve what hangs on a post. `apify_transcript` is a post's item with its transcript in it. */
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

/** One page of something that hangs on a post. */
export type PageRequest = {
  readonly kind: PageKind;
  readonly shortcode: string;
  /** The vendor's cursor; null for the first page. */
  readonly cursor: string | null;
  /** Whose replies; null for everything else. */
  readonly commentId: string | null;
  /** How many comments at most, for the vendors' lists without pages. */
  readonly limit: number;
  readonly withReplies: boolean;
};

/**
 * The page's JSON text (for Apify's comments an array of items), or why there is none. `end`: the cursor leads behind the last
 * page. `elsewhere`: only another provider's recording has it. The rest is what the post is like; each vendor has its own words for it.
 */
export type Page =
  | { readonly kind: 'page'; readonly text: string }
  | { readonly kind: 'end' | 'none' | 'comments_disabled' | 'no_speech' | 'too_long' | 'no_video' | 'no_post' | 'elsewhere' };

/** Where the stand-ins get what they serve: recordings from a folder, or the project's own samples. */
export type Payloads = {
  /** The JSON text of one post (for Apify one dataset item, without its array), or null when there is none. */
  find(kind: PayloadKind, shortcode: string): string | null;
  /** Every shortcode that `find` knows for a kind, in a stable order. */
  shortcodes(kind: PayloadKind): readonly string[];
  /** Comments, replies or a transcript. */
  page(request: PageRequest): Page;
};
