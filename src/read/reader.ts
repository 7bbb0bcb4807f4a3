import type { OutcomeUnknown, PricedLine, SpendRefusal } from '../billing/ledger/ledger.ts';
import { type MicroCredits, sum } from '../core/money.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type Replayed, settleRefusal, spendRefusal } from '../errors/from-database.ts';
import {
  countsAgainstTarget,
  isMiss,
  isStored,
  priceAboveMax,
  providerUnconfigured,
  type ReadRefusal,
  targetRefusal,
} from '../errors/from-read.ts';
import { findTarget } from '../instagram/pasted/find-target.ts';
import type { MediaTarget, ShareTarget, Target } from '../instagram/target.ts';
import type { TargetOutcome } from '../limits/miss-allowance.ts';
import { affordableSize, roomAfter } from './affordable.ts';
import { ageSeconds } from './cache/freshness.ts';
import { type Delivery, deliver, deliverHits, limitationsOf, outcomesOf } from './deliver.ts';
import { dryRun } from './dry-run.ts';
import type { DryRun } from './response/quote.ts';
import type { ReadContext } from './model/context.ts';
import type { ReadDeps } from './model/deps.ts';
import type { PartList, RequestOf } from './model/part.ts';
import type { ReadTrace } from './model/trace.ts';
import type { ReadJob, ReadOrder } from './order.ts';
import type { Parts } from './parts/parts.ts';
import { type Plan, planRead, planUnlocated } from './plan.ts';
import { finalPrices, priceLines } from './price.ts';
import { expectedPayment, nothingPaid, type PayingAccount, type Payment } from './pricing/payer.ts';
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

/** Composes a reader from these parts: plan → charge the hits, or hold → resolve → deliver → settle. */
export function createReader<L extends PartList>(deps: ReadDeps, parts: L): Reader<L> {
  const jobOf = (order: ReadOrder<L>, trace: ReadTrace): ReadJob => {
    return { deps, parts, order, trace, budget: { deadlineAt: deps.clock() + deps.deadlineMs }, mirror: null };
  };
  return {
    async read(order, trace) {
      const planned = await planOrder(jobOf(order, trace));
      if (!planned.ok) return planned;
      const { job, target, plan } = planned.value;
      const lines = priceLines(deps, plan);
      const refusal = knownRefusal(plan);
      if (refusal !== null) return refuseFree(job, refusal);
      const tooDear = ceilingRefusal(lines, order.ceiling);
      if (tooDear !== null) return refuseTooDear(job, target, tooDear);
      const isAtHand = plan.isComplete && target.kind === 'media';
      if (order.onlyIfCached && !isAtHand) return refuseFree(job, { code: 'cache_miss' });
      const result = isAtHand ? await chargeHits(job, target, { plan, lines }) : await readFresh(job, target, { plan, lines });
      // safe because the outcome under the name of each part was made by that part
      return result as Result<ReadResult<L>, Stop>;
    },

    async dryRun(order, trace) {
      const planned = await planOrder(jobOf(order, trace));
      if (!planned.ok) return planned;
      const { job, target, plan } = planned.value;
      const refusal = knownRefusal(plan) ?? (isMainAvailable(deps, plan) ? null : providerUnconfigured);
      if (refusal !== null) return refuseFree(job, refusal);
      const unlocated = planUnlocated(parts, order.request);
      const priced = dryRun(deps, { plan, unlocated, isLocated: target.kind === 'media' });
      const quoted = await order.payer.quote(priced.expected);
      if (!quoted.ok) return unpaid(job, quoted.error);
      recordAccount(trace, quoted.value);
      return ok({ ...priced, affordable: quoted.value.affordable, available: quoted.value.available });
    },
  };
}

type Planned = { readonly job: ReadJob; readonly target: Target; readonly plan: Plan };

/** Finds out what is requested and what of it is cached, without calling the database or a provider. */
async function planOrder(started: ReadJob): Promise<Result<Planned, ReadRefusal>> {
  const { deps, order, trace } = started;
  const found = findTarget(order.input);
  if (!found.ok) return err(targetRefusal(found.error));
  const job = { ...started, mirror: found.value.mirror };
  trace.targetKind = found.value.target.kind;
  const target = await locate(deps, found.value.target);
  if (target.kind === 'media') trace.shortcode = target.shortcode;
  const planned = await planFor(job, target, order.request);
  return planned.ok ? ok({ job, target, plan: planned.value }) : planned;
}

async function planFor(job: ReadJob, target: Target, request: RequestOf<PartList>): Promise<Result<Plan, ReadRefusal>> {
  return target.kind === 'media' ? planRead(contextOf(job, target), job.parts, request) : ok(planUnlocated(job.parts, request));
}

function contextOf({ deps, order: { freshness }, trace, budget }: ReadJob, target: MediaTarget): ReadContext {
  return { deps, target, freshness, trace, budget };
}

function recordAccount(trace: ReadTrace, account: PayingAccount): void {
  trace.accountId = account.accountId;
  trace.available = account.available;
}

/** Refuses a payment that moved no money, and records what it says about the account. */
function unpaid({ deps, trace }: ReadJob, refusal: SpendRefusal | OutcomeUnknown): Result<never, Stop> {
  if ('accountId' in refusal) trace.accountId = refusal.accountId;
  if ('balance' in refusal) trace.available = refusal.balance.available;
  return err(spendRefusal(refusal, deps.clock()));
}

/** The same for a read, whose refusal names the largest batch that could be paid. */
async function unpaidRead(job: ReadJob, target: Target, refusal: SpendRefusal | OutcomeUnknown): Promise<Result<never, Stop>> {
  const stopped = unpaid(job, refusal);
  const room = roomAfter(refusal);
  return stopped.ok || room === null ? stopped : err(await withAffordable(job, target, { stop: stopped.error, room }));
}

/** Refuses what the request's own ceiling does not cover, and names the largest batch that it and the balance cover. */
async function refuseTooDear(job: ReadJob, target: Target, refusal: ReadRefusal): Promise<Result<never, Stop>> {
  const stopped = await refuseFree(job, refusal);
  if (stopped.ok || stopped.error !== refusal) return stopped;
  return err(await withAffordable(job, target, { stop: refusal, room: job.trace.available ?? Infinity }));
}

/** Looks into the cache for each smaller size, since a batch at hand costs less. */
async function withAffordable(job: ReadJob, target: Target, { stop, room }: { readonly stop: Stop; readonly room: number }): Promise<Stop> {
  const { deps, parts, order } = job;
  if (stop.code === 'replayed') return stop;
  const most = Math.min(room, order.ceiling ?? Infinity);
  const affordable = await affordableSize(parts, order.request, async (request) => {
    const planned = await planFor(job, target, request);
    return planned.ok && totalOf(priceLines(deps, planned.value)) <= most;
  });
  return affordable === null ? stop : { ...stop, details: { ...stop.details, affordable } };
}

function ceilingRefusal(lines: readonly PricedLine[], ceiling: number | null): ReadRefusal | null {
  const most = totalOf(lines);
  return ceiling !== null && most > ceiling ? priceAboveMax(most, ceiling) : null;
}

function totalOf(lines: readonly PricedLine[]): MicroCredits {
  return sum(lines.map((line) => line.amount));
}

function knownRefusal({ main: { part, options, known } }: Plan): ReadRefusal | null {
  return part.refusal?.(options, known) ?? null;
}

/** Refuses without a hold. Even that needs a key that exists: so far only its shape is proven. */
async function refuseFree(job: ReadJob, refusal: ReadRefusal): Promise<Result<never, Stop>> {
  const identified = await job.order.payer.identify();
  if (!identified.ok) return unpaid(job, identified.error);
  recordAccount(job.trace, identified.value);
  return err(refusal);
}

/** A plan with the most that it may cost. */
type Priced = { readonly plan: Plan; readonly lines: readonly PricedLine[] };

/** Charges for a plan whose parts are all hits. */
async function chargeHits(job: ReadJob, target: MediaTarget, { plan, lines }: Priced): Promise<Result<ReadResult<PartList>, Stop>> {
  const { trace } = job;
  const { payer, recorder } = job.order;
  trace.cache = 'hit';
  const delivery = deliverHits(target, plan);
  const receipt = receiptOf(job, delivery);
  const full = lines.map(({ item, amount }) => ({ item, settled: amount }));
  // One time for the response and for its stored copy: while the payment runs, the age of a cache entry may change.
  const resultAt = composerOf(job, delivery);
  // Free are hits that cost nothing, as an empty thread does, and an answer that the caller has already: nothing is booked or stored.
  const isFree = lines.length === 0 || job.order.isKnown(resultAt(nothingPaid));
  const stored = isFree ? null : await recorder?.result(resultAt(expectedPayment(payer, lines, full)));
  try {
    const paid = isFree ? await identifyOnly(job) : await payer.charge(lines, receipt, stored ?? null);
    if (!paid.ok) return await unpaidRead(job, target, paid.error);
    recordAccount(trace, paid.value);
    if (paid.value.settled > 0) job.order.misses?.end(nameOf(job, target), 'paid');
    return ok(resultAt(paid.value));
  } catch (bug) {
    trace.available = (await payer.release('internal', { answer: null, target: null })).available;
    throw bug;
  }
}

/** What is free still needs a key that exists. */
async function identifyOnly({ order }: ReadJob): Promise<Result<Payment & PayingAccount, SpendRefusal>> {
  const identified = await order.payer.identify();
  return identified.ok ? ok({ ...nothingPaid, ...identified.value }) : identified;
}

/** What a read asks for, in any spelling: repeated failures and misses are counted by it. */
function nameOf({ order: { endpoint } }: ReadJob, target: Target): string {
  return `${endpoint} ${target.kind === 'media' ? target.shortcode : target.path}`;
}

/** Reads what may not exist, as far as the account may look for such targets. A main part at hand proves that it exists. */
async function readFresh(job: ReadJob, target: Target, priced: Priced): Promise<Result<ReadResult<PartList>, Stop>> {
  const { deps, order, trace } = job;
  const { plan } = priced;
  trace.cache = 'miss';
  if (!isMainAvailable(deps, plan)) return refuseFree(job, providerUnconfigured);
  const name = nameOf(job, target);
  const refusal = plan.main.known.hit === null ? await order.misses?.ask(name) : null;
  if (refusal != null) return refuseFree(job, refusal);
  let outcome: TargetOutcome = 'neither';
  try {
    const result = await readHeld(job, target, priced);
    outcome = outcomeOf(result);
    return result;
  } finally {
    order.misses?.end(name, outcome);
  }
}

/** A read that delivered something worth nothing, as an empty thread, has cost a call to a provider in vain like one that found nothing. */
function outcomeOf(result: Result<ReadResult<PartList>, Stop>): TargetOutcome {
  if (result.ok) return result.value.payment.settled > 0 ? 'paid' : 'missed';
  return result.error.code !== 'replayed' && isMiss(result.error.code) ? 'missed' : 'neither';
}

async function readHeld(job: ReadJob, target: Target, { plan, lines }: Priced): Promise<Result<ReadResult<PartList>, Stop>> {
  const { deps, order, trace } = job;
  const { payer, recorder } = order;
  const failureTarget = nameOf(job, target);
  const reserved = await payer.reserve(lines, failureTarget);
  if (!reserved.ok) return unpaidRead(job, target, reserved.error);
  recordAccount(trace, reserved.value);
  try {
    const isLocated = target.kind === 'media';
    const delivered = isLocated ? await deliver(contextOf(job, target), plan) : await deliverShared(job, target);
    if (!delivered.ok) {
      const { code } = delivered.error;
      const answer = recorder !== null && isStored(code) ? await recorder.refusal(delivered.error) : null;
      const released = await payer.release(code, { answer, target: countsAgainstTarget(code) ? failureTarget : null });
      trace.available = released.available;
      return delivered;
    }
    const delivery = delivered.value;
    const resultAt = composerOf(job, delivery);
    const isKnown = order.isKnown(resultAt(nothingPaid));
    const prices = finalPrices(deps, lines, { delivery, calls: trace.attempts ?? [], isKnown });
    const answer = (await recorder?.result(resultAt(expectedPayment(payer, lines, prices)))) ?? null;
    const settled = await payer.settle(prices, receiptOf(job, delivery), { answer, target: failureTarget });
    if (!settled.ok) return err(settleRefusal(settled.error));
    trace.available = settled.value.available;
    return ok(resultAt(settled.value));
  } catch (bug) {
    trace.available = (await payer.release('internal', { answer: null, target: null })).available;
    throw bug;
  }
}

/** Resolves a share link and plans anew, since the post it leads to may be cached. */
async function deliverShared(job: ReadJob, target: ShareTarget): Promise<Result<Delivery, ReadRefusal>> {
  const resolved = await resolve(job.deps, target, job.budget);
  if (!resolved.ok) return resolved;
  const context = contextOf(job, resolved.value);
  const planned = await planRead(context, job.parts, job.order.request);
  return planned.ok ? deliver(context, planned.value) : planned;
}

/** Without a provider for the main part, only a cache entry can be served. */
function isMainAvailable(deps: ReadDeps, { main: { part, known } }: Plan): boolean {
  return known.hit !== null || part.isAvailable(deps);
}

/** Composes the result of a delivery as it is now; only the payment is still open. */
function composerOf({ deps, parts, order, mirror }: ReadJob, delivery: Delivery): (payment: Payment) => ReadResult<PartList> {
  const now = deps.clock();
  const { provider, status, key, ttlSeconds, ...main } = delivery.main;
  const age = status === 'miss' ? 0 : ageSeconds(main, now);
  const outcome = outcomesOf(parts, delivery);
  return (payment) => ({
    target: delivery.target,
    request: order.request,
    outcome,
    provider,
    cache: { status, key, ttlSeconds: ttlSeconds === null ? null : Math.max(0, ttlSeconds - age), ageSeconds: age },
    payment,
    limitations: limitationsOf(delivery, mirror, now),
  });
}
