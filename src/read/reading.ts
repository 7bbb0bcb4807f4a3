import type { MediaTarget } from '../instagram/target.ts';
import type { ProviderSummary } from './cache/content-cache.ts';
import type { Outcome } from './delivery.ts';
import type { Limitation } from './limitations/catalog.ts';
import type { Payment } from './pricing/payer.ts';
import type { CacheStatus, Want } from './want.ts';

/** A delivered read, settled. `provider` and `cache` speak of its main part. */
export type Reading = {
  readonly target: MediaTarget;
  readonly want: Want;
  readonly outcome: Outcome;
  readonly provider: ProviderSummary;
  readonly cache: {
    readonly status: CacheStatus;
    readonly key: string;
    readonly ttlSeconds: number | null;
    readonly ageSeconds: number;
  };
  readonly payment: Payment;
  readonly limitations: readonly Limitation[];
  /** Where a caller goes on reading comments; null where there is no more or it can't be gone on from. */
  readonly nextCursor: string | null;
};
