/** Hosts that serve Instagram's pages. instagr.am is an old short host with the same shortcodes. */
export const INSTAGRAM_HOSTS: readonly string[] = ['instagram.com', 'www.instagram.com', 'm.instagram.com', 'instagr.am', 'www.instagr.am'];

/**
 * Paths below a post that still name the post: embeds, comments, one comment or reply, likes, the image. `{digits}` is one numeric segment.
 */
export const MEDIA_TAILS = [
  '/embed',
  '/embed/captioned',
  '/comments',
  '/c/{digits}',
  '/c/{digits}/r/{digits}',
  '/liked_by',
  '/media',
] as const;

type UrlShape =
  | { readonly path: string; readonly is: 'media'; readonly hint: 'post' | 'reel' | 'video' }
  | { readonly path: string; readonly is: 'share' }
  | { readonly path: string; readonly is: 'refused'; readonly reason: string };

/**
 * Every known path; the first match wins. A segment is a literal, literals joined by `|`, or a slot in braces; `**` matches any rest, even
 * an empty one. Literals are case-sensitive, because a URL that lost its case also lost the shortcode's.
 */
export const URL_SHAPES = [
  { path: '/p/{shortcode}', is: 'media', hint: 'post' },
  { path: '/reels|reel/audio/**', is: 'refused', reason: 'audio_page' },
  { path: '/reel/{shortcode}', is: 'media', hint: 'reel' },
  { path: '/reels/{shortcode}', is: 'media', hint: 'reel' },
  { path: '/tv/{shortcode}', is: 'media', hint: 'video' },
  { path: '/p|reel|tv', is: 'refused', reason: 'bad_shortcode' },
  { path: '/p|reel|reels|tv/**', is: 'refused', reason: 'other_page' },

  { path: '/share/p|reel|reels|r|tv/{token}', is: 'share' },
  { path: '/share/{token}', is: 'share' },
  { path: '/share/**', is: 'refused', reason: 'bad_share_link' },

  { path: '/stories/highlights/**', is: 'refused', reason: 'highlight' },
  { path: '/s/**', is: 'refused', reason: 'highlight' },
  { path: '/stories/**', is: 'refused', reason: 'story' },
  { path: '/explore/**', is: 'refused', reason: 'explore' },
  { path: '/audio|music/**', is: 'refused', reason: 'audio_page' },
  { path: '/direct/**', is: 'refused', reason: 'direct' },
  { path: '/accounts|auth_platform|challenge|checkpoint|consent|emails|login|oauth/**', is: 'refused', reason: 'account_page' },
  {
    path: '/about|api|ar|channel|create|developer|directory|download|embed|graphql|guides|help|legal|lite|live|notifications|oembed|popular|press|privacy|qr|shop|static|terms|topics|web|your_activity/**',
    is: 'refused',
    reason: 'other_page',
  },

  { path: '/{username}/p/{shortcode}', is: 'media', hint: 'post' },
  { path: '/{username}/reels|reel/audio/**', is: 'refused', reason: 'audio_page' },
  { path: '/{username}/reel/{shortcode}', is: 'media', hint: 'reel' },
  { path: '/{username}/reels/{shortcode}', is: 'media', hint: 'reel' },
  { path: '/{username}/tv/{shortcode}', is: 'media', hint: 'video' },
  { path: '/{username}/p|reel|tv', is: 'refused', reason: 'bad_shortcode' },
  { path: '/{username}', is: 'refused', reason: 'profile' },
  { path: '/@{username}', is: 'refused', reason: 'profile' },
  {
    path: '/{username}/channel|feed|followers|following|guides|igtv|reels|reposts|saved|tagged/**',
    is: 'refused',
    reason: 'profile',
  },
] as const satisfies readonly UrlShape[];
