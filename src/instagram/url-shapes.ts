/** Hosts that serve Instagram's own pages. instagr.am is the platform's short host of its first years; its /p/ codes are the same codes. */
export const INSTAGRAM_HOSTS: readonly string[] = ['instagram.com', 'www.instagram.com', 'm.instagram.com', 'instagr.am', 'www.instagr.am'];

/**
 * What may follow a post's own path: the embed page, its comments, one comment or reply, who liked it, its picture.
 * All of them still name the post. `{digits}` is one numeric segment.
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

/** A path of the platform and what it stands for: something to read, a link to resolve, or the reason of the refusal. */
type UrlShape =
  | { readonly path: string; readonly is: 'media'; readonly hint: 'post' | 'reel' | 'video' }
  | { readonly path: string; readonly is: 'share' }
  | { readonly path: string; readonly is: 'refused'; readonly reason: string };

/**
 * Every path that is known, first match wins. A segment is a literal, literals joined by `|`, or a slot in braces; `**` is
 * the rest of the path, possibly nothing. Literals are case-sensitive, because a URL that lost its case has lost the
 * shortcode's too.
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
  { path: '/accounts|challenge|emails|login|oauth/**', is: 'refused', reason: 'account_page' },
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
