import type { ReceiptBody } from '../billing/ledger.ts';
import { parseTarget, type MediaTarget, type Target } from '../instagram/target.ts';
import type { Budget } from '../providers/provider.ts';
import { err, ok, type Result } from '../result.ts';
import { ageSeconds, type ProviderSummary } from './content-cache.ts';
import { atHand, deliver, type Outcome } from './delivery.ts';
import type { ReadDeps } from './ports.ts';
import type { Limitation } from './limitations.ts';
import { limitationsOf } from './limitations-of.ts';
import type { CacheStatus, ReadOrder, ReadTrace, Want } from './order.ts';
import { nothingPaid, type Payment } from './payer.ts';
import { type Plan, planRead, planUnlocated } from './plan.ts';
import { quote, type Sellable, settle } from './quote.ts';
import { absentRefusal, notAReel, providerUnconfigured, type ReadRefusal, settleRefusal, spendRefusal, targetRefusal } from './refusals.ts';
import { locate, resolve } from './share-link.ts';

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

/** Reads posts, reels and comments for money. */
export interface Reader {
  /** Reads what is ordered and settles it before answering. Whatever goes wrong after the hold gives the hold back; a bug is thrown on. */
  read(order: ReadOrder, trace: ReadTrace): Promise<Result<Reading, ReadRefusal>>;
}

/** Makes the reader: plan → charge what is at hand, or reserve → resolve → deliver → settle. */
export function createReader(deps: ReadDeps): Reader {
  return {
    async read(order, trace) {
      const budget: Budget = { deadlineAt: deps.clock() + deps.deadlineMs };
      const parsed = parseTarget(order.input);
      if (!parsed.ok) return err(targetRefusal(parsed.error));
      trace.targetKind = parsed.value.kind;
      const target = await locate(deps, parsed.value);
      if (target.kind === 'share') return readFresh(deps, order, trace, target, planUnlocated(order.want), budget);
      trace.shortcode = target.shortcode;
      const planned = await planRead(deps, order.want, order.freshness, target);
      if (!planned.ok) return planned;
      const plan = planned.value;
      const known = knownRefusal(plan);
      if (known !== null) return answerFree(order, trace, known);
      if (plan.isComplete) return chargeAtHand(deps, order, trace, target, plan);
      return readFresh(deps, order, trace, target, plan, budget);
    },
  };
}

/** What the cache alone is enough to refuse. */
function knownRefusal(plan: Plan): ReadRefusal | null {
  if (plan.media?.absent != null) return absentRefusal(plan.media.absent);
  const isReelWanted = plan.want.main === 'media' && plan.want.reelOnly;
  const type = plan.media?.hit?.value.type;
  return isReelWanted && type !== undefined && type !== 'reel' ? notAReel : null;
}

/** An answer that costs nothing still needs a key that exists: a well-formed one proves nothing. */
async function answerFree(order: ReadOrder, trace: ReadTrace, refusal: ReadRefusal): Promise<Result<never, ReadRefusal>> {
  const identified = await order.payer.identify();
  if (!identified.ok) return err(spendRefusal(identified.error));
  trace.accountId = identified.value.accountId;
  return err(refusal);
}

async function chargeAtHand(
  deps: ReadDeps,
  order: ReadOrder,
  trace: ReadTrace,
  target: MediaTarget,
  plan: Plan,
): Promise<Result<Reading, ReadRefusal>> {
  trace.cache = 'hit';
  const outcome = atHand(plan);
  const lines = quote(deps.priceCard, plan, sellable(deps));
  const receipt = receiptOf(deps, order, trace, target, outcome);
  const paid = lines.length === 0 ? await identifyOnly(order) : await order.payer.charge(lines, receipt);
  if (!paid.ok) return err(spendRefusal(paid.error));
  trace.accountId = paid.value.accountId;
  return ok(await readingOf(deps, order, target, outcome, paid.value));
}

/** Something at hand may cost nothing, as an empty thread does: then nothing is booked. */
async function identifyOnly(order: ReadOrder) {
  const identified = await order.payer.identify();
  return identified.ok ? ok({ ...nothingPaid, ...identified.value }) : identified;
}

async function readFresh(
  deps: ReadDeps,
  order: ReadOrder,
  trace: ReadTrace,
  target: Target,
  plan: Plan,
  budget: Budget,
): Promise<Result<Reading, ReadRefusal>> {
  const { payer, want } = order;
  trace.cache = 'miss';
  if (!isMainAvailable(deps, plan)) return answerFree(order, trace, providerUnconfigured);
  const held = quote(deps.priceCard, plan, sellable(deps));
  const reserved = await payer.reserve(held);
  if (!reserved.ok) return err(spendRefusal(reserved.error));
  trace.accountId = reserved.value.accountId;
  try {
    const delivered = await deliverLocated(deps, order, trace, target, plan, budget);
    if (!delivered.ok) {
      await payer.release(delivered.error.code);
      return delivered;
    }
    const { located, outcome } = delivered.value;
    const settled = await payer.settle(settle(deps.priceCard, held, want, outcome), receiptOf(deps, order, trace, located, outcome));
    if (!settled.ok) {
      // Not delivered, so not charged: a hold that a lost settlement left open is given back; a settled one stays settled.
      await payer.release('settle_failed');
      return err(settleRefusal(settled.error));
    }
    return ok(await readingOf(deps, order, located, outcome, settled.value));
  } catch (bug) {
    await payer.release('internal');
    throw bug;
  }
}

/** Delivers the plan; a share link is resolved and planned anew first, since what it leads to may be at hand. */
async function deliverLocated(
  deps: ReadDeps,
  order: ReadOrder,
  trace: ReadTrace,
  target: Target,
  plan: Plan,
  budget: Budget,
): Promise<Result<{ readonly located: MediaTarget; readonly outcome: Outcome }, ReadRefusal>> {
  if (target.kind === 'media') {
    const outcome = await deliver(deps, trace, target, plan, budget);
    return outcome.ok ? ok({ located: target, outcome: outcome.value }) : outcome;
  }
  const resolved = await resolve(deps, target, budget);
  if (!resolved.ok) return resolved;
  const planned = await planRead(deps, order.want, order.freshness, resolved.value);
  if (!planned.ok) return planned;
  const outcome = await deliver(deps, trace, resolved.value, planned.value, budget);
  return outcome.ok ? ok({ located: resolved.value, outcome: outcome.value }) : outcome;
}

/** Without a provider for the main part, only a copy can be served. */
function isMainAvailable(deps: ReadDeps, plan: Plan): boolean {
  if (plan.want.main === 'comments') return plan.comments?.hit != null || deps.comments.providers.length > 0;
  return plan.media?.hit != null || deps.media.providers.length > 0;
}

function sellable(deps: ReadDeps): Sellable {
  return {
    providerTranscripts: deps.transcripts.providers.length > 0,
    hostedTranscripts: deps.transcriber.configured,
    parse: deps.parser.configured,
  };
}

/** What the ledger keeps for good: what was read, from where, and by which prices. No words of people. */
function receiptOf(deps: ReadDeps, order: ReadOrder, trace: ReadTrace, target: MediaTarget, outcome: Outcome): ReceiptBody {
  const main = mainPart(outcome);
  const { want } = order;
  const { comments, transcript, parse } = outcome;
  return {
    endpoint: order.endpoint,
    shortcode: target.shortcode,
    type: outcome.media?.value.type ?? null,
    priceCardVersion: deps.priceCard.version,
    cache: { status: main.status, key: main.key, ageSeconds: main.status === 'miss' ? 0 : ageSeconds(main, deps.clock()) },
    provider: main.provider,
    comments:
      comments === null || want.comments === null
        ? null
        : {
            requested: want.comments.limit,
            delivered: comments.kind === 'delivered' ? comments.delivered.value.comments.length : 0,
            status: comments.kind === 'delivered' ? comments.delivered.status : comments.reason,
          },
    transcript: transcript === null ? null : transcript.kind === 'transcript' ? transcript.transcript.source : transcript.reason,
    parse: parse === null ? null : { mode: want.parse, status: parse.kind === 'parsed' ? parse.status : parse.reason },
    upstream: trace.attempts ?? [],
  };
}

async function readingOf(deps: ReadDeps, order: ReadOrder, target: MediaTarget, outcome: Outcome, payment: Payment): Promise<Reading> {
  const main = mainPart(outcome);
  const now = deps.clock();
  const age = main.status === 'miss' ? 0 : ageSeconds(main, now);
  return {
    target,
    want: order.want,
    outcome,
    provider: main.provider,
    cache: {
      status: main.status,
      key: main.key,
      ttlSeconds: main.ttlSeconds === null ? null : Math.max(0, main.ttlSeconds - age),
      ageSeconds: age,
    },
    payment,
    limitations: limitationsOf(order.want, outcome, now),
    nextCursor: await nextCursor(deps, order, target, outcome),
  };
}

function mainPart(outcome: Outcome) {
  const comments = outcome.comments?.kind === 'delivered' ? outcome.comments.delivered : null;
  const main = outcome.media ?? comments;
  if (main === null) throw new Error('a delivered read has its main part');
  return main;
}

async function nextCursor(deps: ReadDeps, order: ReadOrder, target: MediaTarget, outcome: Outcome): Promise<string | null> {
  const wanted = order.want.comments;
  if (wanted === null || outcome.comments?.kind !== 'delivered') return null;
  const { value, provider } = outcome.comments.delivered;
  if (value.next === null) return null;
  const { shortcode } = target;
  return deps.seal.seal({ shortcode, includeReplies: wanted.includeReplies, provider: provider.id, position: value.next });
}
