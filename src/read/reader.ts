import type { PricedLine, SpendRefusal } from '../billing/ledger/ledger.ts';
import { sum } from '../core/money.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type Replayed, settleRefusal, spendRefusal } from '../errors/from-database.ts';
import {
  countsAgainstTarget,
  isStored,
  priceAboveMax,
  providerUnconfigured,
  type ReadRefusal,
  targetRefusal,
} from '../errors/from-read.ts';
import { type MediaTarget, parseTarget, type Target } from '../instagram/target.ts';
import type { Budget } from '../net/deadline.ts';
import { ageSeconds } from './cache/freshness.ts';
import { type Delivery, deliver, deliverHits, limitationsOf, outcomesOf } from './deliver.ts';
import { dryRun } from './dry-run.ts';
import type { DryRun } from './response/quote.ts';
import type { ReadContext } from './model/context.ts';
import type { ReadDeps } from './model/deps.ts';
import type { PartList } from './model/part.ts';
import type { ReadTrace } from './model/trace.ts';
import type { ReadOrder } from './order.ts';
import type { Parts } from './parts/parts.ts';
import { type Plan, planRead, planUnlocated } from './plan.ts';
import { finalPrices, priceLines } from './price.ts';
import { expectedPayment, nothingPaid, type Payee, type Payment } from './pricing/payer.ts';
import { receiptOf } from './receipt.ts';
import type { ReadResult } from './response/result.ts';
import { locate, resolve } from './share-link.ts';

/** How a read ends without a result: refused, or with the stored response of the same request. */
export type Stop = ReadRefusal | Replayed;

/** Reads posts, reels and comments for money. */
export interface Reader<L extends PartList = Parts> {
  /** Carries a read out and settles it. Any failure after the hold gives the hold back; a bug is thrown on. */
  read(order: ReadOrder<L>, trace: ReadTrace): Promise<Result<ReadResult<L>, Stop>>;
  /** Prices a read: looks into the cache and at the key, asks no provider, and moves no money. */
  dryRun(order: ReadOrder<L>, trace: ReadTrace): Promise<Result<DryRun, Stop>>;
}

/** One call of the reader. */
type Job = {
  readonly deps: ReadDeps;
  readonly parts: PartList;
  readonly order: ReadOrder<PartList>;
  readonly trace: ReadTrace;
  readonly budget: Budget;
};

/** Composes a reader from these parts: plan → charge the hits, or hold → resolve → deliver → settle. */
export function createReader<L extends PartList>(deps: ReadDeps, parts: L): Reader<L> {
  const jobOf = (order: ReadOrder<L>, trace: ReadTrace): Job => {
    return { deps, parts, order, trace, budget: { deadlineAt: deps.clock() + deps.deadlineMs } };
  };
  return {
    // safe because the outcome of each part was made by that part
    read: async (order, trace) => (await read(jobOf(order, trace))) as Result<ReadResult<L>, Stop>,
    dryRun: (order, trace) => priceOnly(jobOf(order, trace)),
  };
}

async function read(job: Job): Promise<Result<ReadResult<PartList>, Stop>> {
  const { deps, order } = job;
  const planned = await planOrder(job);
  if (!planned.ok) return planned;
  const { target, plan } = planned.value;
  const refusal = knownRefusal(plan);
  if (refusal !== null) return refuseFree(job, refusal);
  const lines = priceLines(deps, plan);
  const most = sum(lines.map((line) => line.amount));
  if (order.ceiling !== null && most > order.ceiling) return refuseFree(job, priceAboveMax(most, order.ceiling));
  if (plan.isComplete && target.kind === 'media') return chargeHits(contextOf(job, target), job, { plan, lines });
  return readFresh(job, target, { plan, lines });
}

async function priceOnly(job: Job): Promise<Result<DryRun, Stop>> {
  const { deps, parts, order, trace } = job;
  const planned = await planOrder(job);
  if (!planned.ok) return planned;
  const { target, plan } = planned.value;
  const refusal = knownRefusal(plan) ?? (isMainAvailable(deps, plan) ? null : providerUnconfigured);
  if (refusal !== null) return refuseFree(job, refusal);
  const identified = await order.payer.identify();
  if (!identified.ok) return unpaid(job, identified.error);
  recordPayee(trace, identified.value);
  const unlocated = planUnlocated(parts, order.request);
  return ok(dryRun(deps, { plan, unlocated, isLocated: target.kind === 'media' }, identified.value.available));
}

/** Finds out what is asked for and what of it is cached, without asking the database or a provider. */
async function planOrder(job: Job): Promise<Result<{ readonly target: Target; readonly plan: Plan }, ReadRefusal>> {
  const { deps, parts, order, trace } = job;
  const parsed = parseTarget(order.input);
  if (!parsed.ok) return err(targetRefusal(parsed.error));
  trace.targetKind = parsed.value.kind;
  const target = await locate(deps, parsed.value);
  if (target.kind === 'share') return ok({ target, plan: planUnlocated(parts, order.request) });
  trace.shortcode = target.shortcode;
  const planned = await planRead(contextOf(job, target), parts, order.request);
  return planned.ok ? ok({ target, plan: planned.value }) : planned;
}

function contextOf({ deps, order: { freshness }, trace, budget }: Job, target: MediaTarget): ReadContext {
  return { deps, target, freshness, trace, budget };
}

function recordPayee(trace: ReadTrace, payee: Payee): void {
  trace.accountId = payee.accountId;
  trace.available = payee.available;
}

/** Refuses a payment that moved no money, and records what it says about the account. */
function unpaid({ deps, trace }: Job, refusal: SpendRefusal): Result<never, Stop> {
  if ('accountId' in refusal) trace.accountId = refusal.accountId;
  if ('balance' in refusal) trace.available = refusal.balance.available;
  return err(spendRefusal(refusal, deps.clock()));
}

function knownRefusal({ main: { part, options, known } }: Plan): ReadRefusal | null {
  return part.refusal?.(options, known) ?? null;
}

/** Refuses without a hold. Even that needs a key that exists: so far only its shape is proven. */
async function refuseFree(job: Job, refusal: ReadRefusal): Promise<Result<never, Stop>> {
  const identified = await job.order.payer.identify();
  if (!identified.ok) return unpaid(job, identified.error);
  recordPayee(job.trace, identified.value);
  return err(refusal);
}

/** A plan with the most that it may cost. */
type Priced = { readonly plan: Plan; readonly lines: readonly PricedLine[] };

/** Charges for a plan whose parts are all hits. */
async function chargeHits(context: ReadContext, job: Job, { plan, lines }: Priced): Promise<Result<ReadResult<PartList>, Stop>> {
  const { trace } = context;
  const { payer } = job.order;
  trace.cache = 'hit';
  const delivery = deliverHits(plan);
  const receipt = receiptOf(context, { ...job.order, parts: job.parts }, delivery);
  const full = lines.map(({ item, amount }) => ({ item, settled: amount }));
  // One time for the response and for its stored copy: while the payment runs, the age of a cache entry may change.
  const resultAt = composerOf(context, job, delivery);
  const stored = (await job.order.recorder?.result(resultAt(expectedPayment(payer, lines, full)))) ?? null;
  try {
    const paid = lines.length === 0 ? await identifyOnly(job) : await payer.charge(lines, receipt, stored);
    if (!paid.ok) return unpaid(job, paid.error);
    recordPayee(trace, paid.value);
    return ok(resultAt(paid.value));
  } catch (bug) {
    trace.available = (await payer.release('internal', { answer: null, target: null })).available;
    throw bug;
  }
}

/** Hits may cost nothing, as an empty thread does: then nothing is booked. */
async function identifyOnly({ order }: Job): Promise<Result<Payment & Payee, SpendRefusal>> {
  const identified = await order.payer.identify();
  return identified.ok ? ok({ ...nothingPaid, ...identified.value }) : identified;
}

async function readFresh(job: Job, target: Target, { plan, lines }: Priced): Promise<Result<ReadResult<PartList>, Stop>> {
  const { deps, order, trace } = job;
  const { payer, recorder } = order;
  trace.cache = 'miss';
  if (!isMainAvailable(deps, plan)) return refuseFree(job, providerUnconfigured);
  const failureTarget = `${order.endpoint} ${target.kind === 'media' ? target.shortcode : target.path}`;
  const reserved = await payer.reserve(lines, failureTarget);
  if (!reserved.ok) return unpaid(job, reserved.error);
  recordPayee(trace, reserved.value);
  try {
    const delivered = await deliverLocated(job, target, plan);
    if (!delivered.ok) {
      const { code } = delivered.error;
      const answer = recorder !== null && isStored(code) ? await recorder.refusal(delivered.error) : null;
      const released = await payer.release(code, { answer, target: countsAgainstTarget(code) ? failureTarget : null });
      trace.available = released.available;
      return delivered;
    }
    const { context, delivery } = delivered.value;
    const prices = finalPrices(deps, lines, delivery);
    const resultAt = composerOf(context, job, delivery);
    const answer = (await recorder?.result(resultAt(expectedPayment(payer, lines, prices)))) ?? null;
    const receipt = receiptOf(context, { ...order, parts: job.parts }, delivery);
    const settled = await payer.settle(prices, receipt, { answer, target: failureTarget });
    if (!settled.ok) return err(settleRefusal(settled.error));
    trace.available = settled.value.available;
    return ok(resultAt(settled.value));
  } catch (bug) {
    trace.available = (await payer.release('internal', { answer: null, target: null })).available;
    throw bug;
  }
}

type Located = { readonly context: ReadContext; readonly delivery: Delivery };

/** Delivers the plan; a share link is resolved and planned anew first, since the post it leads to may be cached. */
async function deliverLocated(job: Job, target: Target, plan: Plan): Promise<Result<Located, ReadRefusal>> {
  if (target.kind === 'media') {
    const context = contextOf(job, target);
    const delivery = await deliver(context, plan);
    return delivery.ok ? ok({ context, delivery: delivery.value }) : delivery;
  }
  const resolved = await resolve(job.deps, target, job.budget);
  if (!resolved.ok) return resolved;
  const planned = await planRead(contextOf(job, resolved.value), job.parts, job.order.request);
  return planned.ok ? deliverLocated(job, resolved.value, planned.value) : planned;
}

/** Without a provider for the main part, only a cache entry can be served. */
function isMainAvailable(deps: ReadDeps, { main: { part, known } }: Plan): boolean {
  return known.hit !== null || part.isAvailable(deps);
}

/** Composes the result of a delivery as it is now; only the payment is still open. */
function composerOf({ deps, target }: ReadContext, { parts, order }: Job, delivery: Delivery): (payment: Payment) => ReadResult<PartList> {
  const now = deps.clock();
  const { provider, status, key, ttlSeconds, ...main } = delivery.main;
  const age = status === 'miss' ? 0 : ageSeconds(main, now);
  const outcome = outcomesOf(parts, delivery);
  return (payment) => ({
    target,
    request: order.request,
    outcome,
    provider,
    cache: { status, key, ttlSeconds: ttlSeconds === null ? null : Math.max(0, ttlSeconds - age), ageSeconds: age },
    payment,
    limitations: limitationsOf(delivery, now),
  });
}
