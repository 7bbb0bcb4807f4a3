import type { MediaTarget, ShareTarget, Target } from '../instagram/target.ts';
import type { Budget } from '../net/deadline.ts';
import { err, type Result } from '../core/result.ts';
import { contentKey } from './cache/key.ts';
import { isFresh, ShareLinkCopy } from './cache/content-cache.ts';
import type { ReadDeps } from './ports.ts';
import { type ReadRefusal, shareLinkRefusal } from '../errors/from-read.ts';

/** A share link keeps leading to the same post; a month is long enough to save the look-ups that matter. Seconds. */
const SHARE_LINK_TTL_SECONDS = 2_592_000;

/** A share link that was resolved before is the post it leads to. */
export async function locate(deps: ReadDeps, target: Target): Promise<Target> {
  if (target.kind === 'media') return target;
  const copy = await deps.cache.get(contentKey({ part: 'share_link', path: target.path }), ShareLinkCopy, null);
  if (copy === null || !isFresh(copy, deps.clock(), null)) return target;
  return { kind: 'media', shortcode: copy.shortcode, hint: copy.hint };
}

/** Asks where a share link leads, and remembers it. Only while a hold is open. */
export async function resolve(deps: ReadDeps, target: ShareTarget, budget: Budget): Promise<Result<MediaTarget, ReadRefusal>> {
  const resolved = await deps.shareLinks.resolve(target, budget);
  if (!resolved.ok) return err(shareLinkRefusal(resolved.error.kind));
  const { shortcode, hint } = resolved.value;
  const copy: ShareLinkCopy = { storedAt: deps.clock(), ttlSeconds: SHARE_LINK_TTL_SECONDS, shortcode, hint };
  deps.background(deps.cache.keep(contentKey({ part: 'share_link', path: target.path }), copy, 0, 'reader'));
  return resolved;
}
