/** Returns the shortcode in a post's URL as a provider reads it, or null. The caller judges the query. */
export function shortcodeInLink(link: string): { readonly shortcode: string; readonly hasQuery: boolean } | null {
  const found =
    /^(?:https?:\/\/)?(?:www\.|m\.)?instagram\.com\/(?:[A-Za-z0-9._]+\/)?(?:p|reel|reels|tv)\/([A-Za-z0-9_-]+)\/?([?#].*)?$/i.exec(
      link.trim(),
    );
  const shortcode = found?.[1];
  return shortcode === undefined ? null : { shortcode, hasQuery: found?.[2] !== undefined };
}
