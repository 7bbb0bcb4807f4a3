import type { ReceiptBody, SettledLine } from '../billing/ledger.ts';
import type { InstagramMedia } from '../instagram/media.ts';
import { parseTarget, type Target } from '../instagram/target.ts';
import type { Budget } from '../providers/provider.ts';
import { err, ok, type Result } from '../result.ts';
import { contentKey } from './cache-key.ts';
import type { ProviderSummary } from './content-cache.ts';
import { deliver, type Delivered, type DeliveryDeps, type ReadTrace } from './delivery.ts';
import { type Limitation, mediaLimitations } from './limitations.ts';
import type { Payer, Payment } from './payer.ts';
import { type PartPrice, quoteMedia } from './quote.ts';
import { absentRefusal, providerUnconfigured, type ReadRefusal, settleRefusal, spendRefusal, targetRefusal } from './refusals.ts';

/** One paid read, as a route orders it. */
export type ReadOrder = {
  /** The endpoint's path, for the receipt. */
  readonly endpoint: string;
  /** The URL or shortcode as the caller gave it. */
  readonly input: string;
  readonly payer: Payer;
};

/** A delivered read, settled. */
export type Reading = {
  readonly data: InstagramMedia;
  readonly provider: ProviderSummary;
  readonly cache: {
    readonly status: 'hit' | 'miss';
    readonly key: string;
    readonly ttlSeconds: number | null;
    readonly ageSeconds: number;
  };
  readonly payment: Payment;
  readonly limitations: readonly Limitation[];
};

/** What a reader works with. `deadlineMs` is for one whole read, whatever it needs. */
export type ReaderDeps = DeliveryDeps & {
  readonly prices: { readonly version: string; readonly media: PartPrice };
  readonly deadlineMs: number;
};

/** Reads posts for money. */
export interface Reader {
  /** Reads one post or reel and settles it before answering. Whatever goes wrong after the hold gives the hold back; a bug is thrown on. */
  read(order: ReadOrder, trace: ReadTrace): Promise<Result<Reading, ReadRefusal>>;
}

/** Makes the reader: look up → charge, or reserve → deliver → settle. */
export function createReader(deps: ReaderDeps): Reader {
  return {
    async read(order, trace) {
      const budget: Budget = { deadlineAt: deps.clock() + deps.deadlineMs };
      const parsed = parseTarget(order.input);
      if (!parsed.ok) return err(targetRefusal(parsed.error));
      trace.targetKind = parsed.value.kind;
      const target = await locate(deps, parsed.value);
      if (target.kind === 'media') {
        trace.shortcode = target.shortcode;
        const key = await contentKey({ part: 'media', shortcode: target.shortcode });
        const cached = await deps.cache.media(key);
        if (cached?.kind === 'found') return chargeCached(deps, order, trace, { ...cached, key, status: 'hit' });
        if (cached?.kind === 'absent') return answerFree(order, trace, absentRefusal(cached.reason));
      }
      if (deps.source.providers.length === 0) return answerFree(order, trace, providerUnconfigured);
      return readFresh(deps, order, trace, target, budget);
    },
  };
}

/** A share link that was resolved before is the post it leads to. */
async function locate(deps: ReaderDeps, target: Target): Promise<Target> {
  if (target.kind === 'media') return target;
  const known = await deps.cache.shareLink(await contentKey({ part: 'share_link', path: target.path }));
  return known === null ? target : { kind: 'media', shortcode: known.shortcode, hint: known.hint };
}

async function chargeCached(
  deps: ReaderDeps,
  order: ReadOrder,
  trace: ReadTrace,
  delivered: Delivered,
): Promise<Result<Reading, ReadRefusal>> {
  trace.cache = 'hit';
  const charged = await order.payer.charge(quoteMedia(deps.prices.media, 'cached').lines, receiptOf(deps, order, trace, delivered));
  if (!charged.ok) return err(spendRefusal(charged.error));
  trace.accountId = charged.value.accountId;
  return ok(readingOf(deps, delivered, charged.value));
}

/** An answer that costs nothing still needs a key that exists: a well-formed one proves nothing. */
async function answerFree(order: ReadOrder, trace: ReadTrace, refusal: ReadRefusal): Promise<Result<never, ReadRefusal>> {
  const identified = await order.payer.identify();
  if (!identified.ok) return err(spendRefusal(identified.error));
  trace.accountId = identified.value.accountId;
  return err(refusal);
}

async function readFresh(
  deps: ReaderDeps,
  order: ReadOrder,
  trace: ReadTrace,
  target: Target,
  budget: Budget,
): Promise<Result<Reading, ReadRefusal>> {
  const { payer } = order;
  trace.cache = 'miss';
  const reserved = await payer.reserve(quoteMedia(deps.prices.media, 'fresh').lines);
  if (!reserved.ok) return err(spendRefusal(reserved.error));
  trace.accountId = reserved.value.accountId;
  try {
    const delivered = await deliver(deps, trace, target, budget);
    if (!delivered.ok) {
      await payer.release(delivered.error.code);
      return delivered;
    }
    const settled = await payer.settle([settledLine(deps.prices.media, delivered.value)], receiptOf(deps, order, trace, delivered.value));
    if (!settled.ok) {
      // Not delivered, so not charged: a hold that a lost settlement left open is given back; a settled one stays settled.
      await payer.release('settle_failed');
      return err(settleRefusal(settled.error));
    }
    return ok(readingOf(deps, delivered.value, settled.value));
  } catch (bug) {
    await payer.release('internal');
    throw bug;
  }
}

/** A share link is held at the fresh price before anyone knows where it leads; a copy found there costs the cached price. */
function settledLine(price: PartPrice, { status }: Delivered): SettledLine {
  return status === 'hit' ? { item: 'media', settled: price.cached, reason: 'cached' } : { item: 'media', settled: price.fresh };
}

/** What the ledger keeps for good: what was read, from where, and by which prices. */
function receiptOf(deps: ReaderDeps, order: ReadOrder, trace: ReadTrace, delivered: Delivered): ReceiptBody {
  const { media, provider, key, status } = delivered;
  return {
    endpoint: order.endpoint,
    shortcode: media.shortcode,
    type: media.type,
    priceCardVersion: deps.prices.version,
    cache: { status, key, ageSeconds: ageSeconds(delivered, deps.clock()) },
    provider,
    upstream: trace.attempts ?? [],
  };
}

function readingOf(deps: ReaderDeps, delivered: Delivered, payment: Payment): Reading {
  const { media, provider, key, status, ttlSeconds } = delivered;
  const now = deps.clock();
  const age = ageSeconds(delivered, now);
  return {
    data: media,
    provider,
    cache: { status, key, ttlSeconds: ttlSeconds === null ? null : Math.max(0, ttlSeconds - age), ageSeconds: age },
    payment,
    limitations: mediaLimitations(media, now, status === 'hit' ? age : null),
  };
}

/** Whole seconds since the provider was asked; a fresh read is 0 old, even if settling took a while. */
function ageSeconds({ storedAt, status }: Delivered, now: number): number {
  return status === 'miss' ? 0 : Math.max(0, Math.floor((now - storedAt) / 1_000));
}
