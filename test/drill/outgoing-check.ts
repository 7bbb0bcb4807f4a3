/** One outgoing request of the Worker. */
export type Sent = { readonly url: string; readonly redirect: string; readonly body: string };

/** The allowed origins by service. */
export type Destinations = {
  readonly database: string;
  readonly instagram: string;
  readonly providers: readonly string[];
  readonly others: readonly string[];
  /** Receives the caller's own token. */
  readonly turnstile: string;
};

/** A share link rebuilt from its parsed parts. */
const SHARE_PATH = /^\/share\/(?:(?:p|reel|reels|r|tv)\/)?[A-Za-z0-9_-]{6,32}\/$/;

/** A post's address rebuilt from its shortcode. */
const POST_URL = /^https:\/\/www\.instagram\.com\/(?:p|reel|reels|tv)\/[A-Za-z0-9_-]{1,11}\/?$/;

/**
 * Returns what is wrong with an outgoing request: a host that isn't configured, an address that was not rebuilt from parsed parts, a
 * redirect that would be followed, or a part of the caller's text (`mark`).
 */
export function outgoingProblems({ url, redirect, body }: Sent, to: Destinations, mark: string): string[] {
  const { origin, pathname, search, username, hash } = new URL(url);
  if (origin === to.database || origin === to.turnstile) return [];
  const isProvider = to.providers.includes(origin);
  if (!isProvider && origin !== to.instagram && !to.others.includes(origin)) return [`a request to ${origin}`];
  const problems: string[] = [];
  if (username !== '' || hash !== '') problems.push('user info or a fragment in an address');
  if (url.includes(mark) || body.includes(mark)) problems.push(`the caller's own text went to ${pathname}`);
  if (to.others.includes(origin)) return problems;
  if (redirect !== 'manual') problems.push(`redirects would be followed from ${pathname}`);
  if (origin === to.instagram && !(SHARE_PATH.test(pathname) && search === '')) problems.push(`asked Instagram for ${pathname}${search}`);
  for (const address of isProvider ? addressesIn(`${decoded(search)} ${body}`) : []) {
    if (!POST_URL.test(address)) problems.push(`a provider was asked for ${address.slice(0, 100)}`);
  }
  return problems;
}

function addressesIn(text: string): string[] {
  return text.match(/[a-z][a-z0-9+.-]*:\/\/[^\s"'&]+/gi) ?? [];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
