/** The shortcode in a post's address as a provider reads it, or null. A query is for the caller of this to judge. */
export function shortcodeInLink(link: string): { readonly shortcode: string; readonly hasQuery: boolean } | null {
  const found =
    /^(?:https?:\/\/)?(?:www\.|m\.)?instagram\.com\/(?:[A-Za-z0-9._]+\/)?(?:p|reel|reels|tv)\/([A-Za-z0-9_-]+)\/?([?#].*)?$/i.exec(
      link.trim(),
    );
  const shortcode = found?.[1];
  return shortcode === undefined ? null : { shortcode, hasQuery: found?.[2] !== undefined };
}
