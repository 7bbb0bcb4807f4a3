import { ageSeconds, type CacheStatus } from '../cache/freshness.ts';
import { type Limitation, limitation } from './catalog.ts';

/** Says that content is an expired cache entry; nothing for any other origin. */
export function staleCopy(content: { readonly status: CacheStatus; readonly storedAt: number }, path: string, now: number): Limitation[] {
  if (content.status !== 'stale') return [];
  const message = `No provider delivered; this cache entry is ${ageSeconds(content, now)} seconds old.`;
  return [{ ...limitation('stale_copy', path, 'providers_failed'), message }];
}
