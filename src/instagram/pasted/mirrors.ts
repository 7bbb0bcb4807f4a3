/**
 * Services that show a preview of a post in chats, under the paths of the platform. Each is named by its own documentation or by several
 * chat bots; a host that only resembles the platform's is no mirror.
 */
export const MIRROR_HOSTS = [
  'ddinstagram.com',
  'eeinstagram.com',
  'fxstagram.com',
  'gginstagram.com',
  'instagramez.com',
  'kkinstagram.com',
  'toinstagram.com',
  'uuinstagram.com',
  'vxinstagram.com',
] as const;

/** `d.` shows the media alone, `g.` the gallery. */
const MIRROR = new RegExp(`^(?:(?:https?:)?//)?(?:(?:www|d|g)\\.)?(${MIRROR_HOSTS.join('|').replaceAll('.', '\\.')})(?=[/?#]|$)`, 'i');

/** The number of a picture in a carousel, at the end of a mirror's path. */
const PICTURE = /^((?:\/[^/?#]+){2,3})\/[0-9]{1,2}(?=\/?(?:[?#]|$))/;

/** Reads an address at one of the mirrors as the platform's; null for any other host. */
export function mirrorOf(address: string): { readonly host: string; readonly original: string } | null {
  const [found, host] = MIRROR.exec(address) ?? [];
  if (found === undefined || host === undefined) return null;
  return { host: host.toLowerCase(), original: `https://www.instagram.com${address.slice(found.length).replace(PICTURE, '$1')}` };
}
