import type { MediaTarget } from '../../instagram/target.ts';
import type { CacheStatus } from '../cache/freshness.ts';
import type { Limitation } from '../limitations/catalog.ts';
import type { ProviderSummary } from '../model/delivered.ts';
import type { OutcomesOf, PartList, RequestOf } from '../model/part.ts';
import type { Parts } from '../parts/parts.ts';
import type { Payment } from '../pricing/payer.ts';

/** A delivered read and its payment. `provider` and `cache` are those of its main part. */
export type ReadResult<L extends PartList = Parts> = {
  readonly target: MediaTarget;
  readonly request: RequestOf<L>;
  readonly outcome: OutcomesOf<L>;
  readonly provider: ProviderSummary;
  readonly cache: {
    readonly status: CacheStatus;
    readonly key: string;
    readonly ttlSeconds: number | null;
    readonly ageSeconds: number;
  };
  readonly payment: Payment;
  readonly limitations: readonly Limitation[];
};
