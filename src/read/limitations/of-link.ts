import { type Limitation, limitation } from './catalog.ts';

/** Says that the caller's link leads to a mirror of the platform; nothing for a link of the platform. */
export function linkLimitations(mirror: string | null): Limitation[] {
  if (mirror === null) return [];
  const message = `The link leads to ${mirror}. The post that it names was read from Instagram’s data, not from there.`;
  return [{ ...limitation('mirror_link', 'data', 'embed_mirror'), message }];
}
