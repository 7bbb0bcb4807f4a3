/** The shapes in which the stand-ins serve a post: one a provider, and two where the provider has two versions. */
export const PAYLOAD_KINDS = ['apify', 'hikerapi_v1', 'hikerapi_v2', 'scrapecreators'] as const;
export type PayloadKind = (typeof PAYLOAD_KINDS)[number];

/** Where the stand-ins get what they serve: recordings from a folder, or the project's own samples. */
export type Payloads = {
  /** The JSON text of one post (for Apify one dataset item, without its array), or null when there is none. */
  find(kind: PayloadKind, shortcode: string): string | null;
  /** Every shortcode that `find` knows for a kind, in a stable order. */
  shortcodes(kind: PayloadKind): readonly string[];
};
