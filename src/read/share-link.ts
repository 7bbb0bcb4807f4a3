import { z } from 'zod';
import { err, type Result } from '../core/result.ts';
import { type ReadRefusal, shareLinkRefusal } from '../errors/from-read.ts';
import { SHORTCODE } from '../instagram/shortcode.ts';
import type { MediaTarget, ShareTarget, Target } from '../instagram/target.ts';
import type { Budget } from '../net/deadline.ts';
import { isFresh } from './cache/freshness.ts';
import { contentKey } from './cache/key.ts';
import { entryTimes } from './model/delivered.ts';
import type { ReadDeps } from './model/deps.ts';

/** A share link keeps leading to the same post; a month saves the lookups that matter. */
const SHARE_LINK_TTL_SECONDS = 2_592_000;

/** Where a share link leads. */
export const ShareLinkEntry = z.object({
  ...entryTimes,
  shortcode: z.string().regex(SHORTCODE),
  hint: z.enum(['post', 'reel', 'video', 'unknown']),
});
export type ShareLinkEntry = z.infer<typeof ShareLinkEntry>;

/** Replaces a share link that was resolved before by the post it leads to. */
export async function locate(deps: ReadDeps, target: Target): Promise<Target> {
  if (target.kind === 'media') return target;
  const entry = await deps.cache.get(keyOf(target), ShareLinkEntry, null);
  if (entry === null || !isFresh(entry, deps.clock(), null)) return target;
  return { kind: 'media', shortcode: entry.shortcode, hint: entry.hint };
}

/** Asks the platform where a share link leads, and caches it. Called only while a hold is open. */
export async function resolve(deps: ReadDeps, target: ShareTarget, budget: Budget): Promise<Result<MediaTarget, ReadRefusal>> {
  const resolved = await deps.shareLinks.resolve(target, budget);
  if (!resolved.ok) return err(shareLinkRefusal(resolved.error.kind));
  const { shortcode, hint } = resolved.value;
  const entry: ShareLinkEntry = { storedAt: deps.clock(), ttlSeconds: SHARE_LINK_TTL_SECONDS, shortcode, hint };
  deps.background(deps.cache.keep(keyOf(target), entry, { retainSeconds: 0, by: 'reader' }));
  return resolved;
}

function keyOf({ path }: ShareTarget): string {
  return contentKey({ part: 'share_link', path });
}
