import type { Freshness } from '../../read/cache/freshness.ts';
import type { ReadQuery } from './query.ts';

/** What the request header `Cache-Control` asks for. */
type CacheDirectives = { readonly maxAgeSeconds: number | null; readonly onlyIfCached: boolean };

/** Reads the request directives of RFC 9111 that have a parameter here; any other has no effect. */
export function cacheDirectives(header: string | undefined): CacheDirectives {
  const names = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim());
  const ages = names.flatMap((name) => (name === 'no-cache' ? [0] : (/^max-age="?(\d{1,8})"?$/.exec(name)?.slice(1).map(Number) ?? [])));
  return { maxAgeSeconds: ages.length === 0 ? null : Math.min(...ages), onlyIfCached: names.includes('only-if-cached') };
}

/** The freshness that a read asks for. A parameter outweighs the header. */
export function freshnessOf(query: Pick<ReadQuery, 'maxAgeSeconds' | 'maxStaleSeconds'>, directives: CacheDirectives): Freshness {
  return { maxAgeSeconds: query.maxAgeSeconds ?? directives.maxAgeSeconds, maxStaleSeconds: query.maxStaleSeconds ?? 0 };
}
