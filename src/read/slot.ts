import type { ProviderSummary } from './cache/content-cache.ts';
import type { CacheStatus } from './want.ts';

/** A part of the answer in hand. `ttlSeconds` counts from `storedAt` (unix milliseconds); null when it can't be kept. */
export type Delivered<T> = {
  readonly value: T;
  readonly provider: ProviderSummary;
  readonly status: CacheStatus;
  readonly key: string;
  readonly storedAt: number;
  readonly ttlSeconds: number | null;
};

/** A part as the cache knows it: a copy that serves as it is, and one that may stand in when providers fail. */
export type Slot<T> = { readonly key: string | null; readonly hit: Delivered<T> | null; readonly stale: Delivered<T> | null };

/** A slot about which nothing is known yet. */
export const EMPTY_SLOT = { key: null, hit: null, stale: null } as const;
