import { Receipt } from '../billing/ledger/receipt.ts';
import { ageSeconds } from './cache/freshness.ts';
import { type Delivery, limitationsOf } from './deliver.ts';
import type { PartList } from './model/part.ts';
import type { ReadJob } from './order.ts';

/** Composes what the ledger keeps for good: what was read, from where, and by which prices. Never text that people wrote. */
export function receiptOf({ deps, parts, order, trace, mirror }: ReadJob, delivery: Delivery): Receipt {
  const { main } = delivery;
  const ofPart = (part: PartList[number]) => {
    if (part.receipt === null) return [];
    const delivered = delivery.parts.find((candidate) => candidate.part === part);
    return [[part.receipt.field, delivered === undefined ? null : part.receipt.of(delivered)]];
  };
  return Receipt.parse({
    endpoint: order.endpoint,
    ...(order.traceId === undefined ? {} : { traceId: order.traceId }),
    shortcode: delivery.target.shortcode,
    type: null,
    priceCardVersion: deps.priceCard.version,
    cache: { status: main.status, key: main.key, ageSeconds: main.status === 'miss' ? 0 : ageSeconds(main, deps.clock()) },
    provider: main.provider,
    // `type` keeps its place above and gets its value here.
    ...Object.fromEntries(parts.flatMap(ofPart)),
    limitations: [...new Set(limitationsOf(delivery, mirror, deps.clock()).map((limitation) => limitation.code))],
    upstream: trace.attempts ?? [],
  });
}
