import type { PricedLine, ReceiptBody, SpendRefusal } from '../billing/ledger/ledger.ts';
import { parseTarget, type MediaTarget, type Target } from '../instagram/target.ts';
import type { Budget } from '../net/deadline.ts';
import { sum } from '../core/money.ts';
import { err, ok, type Result } from '../core/result.ts';
import { ageSeconds } from './cache/content-cache.ts';
import { atHand, deliver, type Outcome } from './delivery.ts';
import type { ReadDeps } from './ports.ts';
import type { Reading } from './reading.ts';
import { limitationsOf } from './limitations/of-reading.ts';
import type { ReadOrder } from './order.ts';
import type { ReadTrace } from './trace.ts';
import { expectedPayment, nothingPaid, type Payee, type Payment } from './pricing/payer.ts';
import { type Plan, planRead, planUnlocated } from './plan.ts';
import { quote, type Sellable, settle } from './pricing/lines.ts';
import { type Quotation, quotationOf } from './pricing/dry-run.ts';
import { type Replayed, settleRefusal, spendRefusal } from '../errors/from-database.ts';
import {
  absentRefusal,
  isStored,
  countsAgainstTarget,
  notAReel,
  priceAboveMax,
  providerUnconfigured,
  type ReadRefusal,
  targetRefusal,
} from '../errors/from-read.ts';
import { locate, resolve } from './share-link.ts';

/** What a read can end with instead of a reading: a refusal, or the remembered answer of the same request. */
type Stop = ReadRefusal | Replayed;

/** Reads posts, reels and comments for money. */
export interface Reader {
  /** Reads what is ordered and settles it before answering. Whatever goes wrong after the hold gives the hold back; a bug is thrown on. */
  read(order: ReadOrder, trace: ReadTrace): Promise<Result<Reading, Stop>>;
  /** What the read would cost now: looks into the cache and at the key, asks no provider, and moves no money. */
  quote(order: ReadOrder, trace: ReadTrace): Promise<Result<Quotation, Stop>>;
}

/** Makes the reader: plan → charge what is at hand, or reserve → resolve → deliver → settle. */
export function createReader(deps: ReadDeps): Reader {
  return {
    async read(order, trace) {
      const budget: Budget = { deadlineAt: deps.clock() + deps.deadlineMs };
      const planned = await planOrder(deps, order, trace);
      if (!planned.ok) return planned;
      const { target, plan } = planned.value;
      const known = knownRefusal(plan);
      if (known !== null) return answerFree(deps, order, trace, known);
      const lines = quote(deps.priceCard, plan, sellable(deps));
      const most = sum(lines.map((line) => line.amount));
      if (order.ceiling !== null && most > order.ceiling) return answerFree(deps, order, trace, priceAboveMax(most, order.ceiling));
      if (plan.isComplete && target.kind === 'media') return chargeAtHand(deps, order, trace, target, plan, lines);
      return readFresh(deps, order, trace, target, plan, lines, budget);
    },

    async quote(order, trace) {
      const planned = await planOrder(deps, order, trace);
      if (!planned.ok) return planned;
      const { target, plan } = planned.value;
      const refusal = knownRefusal(plan) ?? (isMainAvailable(deps, plan) ? null : providerUnconfigured);
      if (refusal !== null) return answerFree(deps, order, trace, refusal);
      const identified = await order.payer.identify();
      if (!identified.ok) return stopped(deps, trace, identified.error);
      noteAccount(trace, identified.value);
      return ok(quotationOf(deps, plan, target.kind === 'media', sellable(deps), identified.value.available));
    },
  };
}

/** What is asked for and what of it is at hand, without a word to the database or a provider. */
async function planOrder(
  deps: ReadDeps,
  order: ReadOrder,
  trace: ReadTrace,
): Promise<Result<{ readonly target: Target; readonly plan: Plan }, ReadRefusal>> {
  const parsed = parseTarget(order.input);
  if (!parsed.ok) return err(targetRefusal(parsed.error));
  trace.targetKind = parsed.value.kind;
  const target = await locate(deps, parsed.value);
  if (target.kind === 'share') return ok({ target, plan: planUnlocated(order.want) });
  trace.shortcode = target.shortcode;
  const planned = await planRead(deps, order.want, order.freshness, target);
  return planned.ok ? ok({ target, plan: planned.value }) : planned;
}

function noteAccount(trace: ReadTrace, payee: Payee): void {
  trace.accountId = payee.accountId;
  trace.available = payee.available;
}

/** A step of paying that was refused, with what it said about the account. */
function stopped(deps: ReadDeps, trace: ReadTrace, refusal: SpendRefusal): Result<never, Stop> {
  if ('accountId' in refusal) trace.accountId = refusal.accountId;
  if ('balance' in refusal) trace.available = refusal.balance.available;
  return err(spendRefusal(refusal, deps.clock()));
}

/** What the cache alone is enough to refuse. */
function knownRefusal(plan: Plan): ReadRefusal | null {
  if (plan.media?.absent != null) return absentRefusal(plan.media.absent);
  const isReelWanted = plan.want.main === 'media' && plan.want.reelOnly;
  const type = plan.media?.hit?.value.type;
  return isReelWanted && type !== undefined && type !== 'reel' ? notAReel : null;
}

/** An answer that costs nothing still needs a key that exists: a well-formed one proves nothing. */
async function answerFree(deps: ReadDeps, order: ReadOrder, trace: ReadTrace, refusal: ReadRefusal): Promise<Result<never, Stop>> {
  const identified = await order.payer.identify();
  if (!identified.ok) return stopped(deps, trace, identified.error);
  noteAccount(trace, identified.value);
  return err(refusal);
}

async function chargeAtHand(
  deps: ReadDeps,
  order: ReadOrder,
  trace: ReadTrace,
  target: MediaTarget,
  plan: Plan,
  lines: readonly PricedLine[],
): Promise<Result<Reading, Stop>> {
  trace.cache = 'hit';
  const outcome = atHand(plan);
  const receipt = receiptOf(deps, order, trace, target, outcome);
  const full = lines.map(({ item, amount }) => ({ item, settled: amount }));
  // One time for the answer and for what is kept of it: paying may take longer than the age of a copy stays the same.
  const now = deps.clock();
  const answer = await keptReading(deps, order, target, outcome, expectedPayment(order.payer, lines, full), now);
  try {
    const paid = lines.length === 0 ? await identifyOnly(order) : await order.payer.charge(lines, receipt, answer);
    if (!paid.ok) return stopped(deps, trace, paid.error);
    noteAccount(trace, paid.value);
    return ok(await readingOf(deps, order, target, outcome, paid.value, now));
  } catch (bug) {
    trace.available = (await order.payer.release('internal', { answer: null, target: null })).available;
    throw bug;
  }
}

/** What a repeat under the same Idempotency-Key will be answered with; null without a key. */
async function keptReading(deps: ReadDeps, order: ReadOrder, target: MediaTarget, outcome: Outcome, payment: Payment, now: number) {
  if (order.memory === null) return null;
  return order.memory.reading(await readingOf(deps, order, target, outcome, payment, now));
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
  held: readonly PricedLine[],
  budget: Budget,
): Promise<Result<Reading, Stop>> {
  const { payer, want, memory } = order;
  trace.cache = 'miss';
  if (!isMainAvailable(deps, plan)) return answerFree(deps, order, trace, providerUnconfigured);
  const failing = `${order.endpoint} ${target.kind === 'media' ? target.shortcode : target.path}`;
  const reserved = await payer.reserve(held, failing);
  if (!reserved.ok) return stopped(deps, trace, reserved.error);
  noteAccount(trace, reserved.value);
  try {
    const delivered = await deliverLocated(deps, order, trace, target, plan, budget);
    if (!delivered.ok) {
      const { code } = delivered.error;
      const answer = memory !== null && isStored(code) ? await memory.refusal(delivered.error) : null;
      const released = await payer.release(code, { answer, target: countsAgainstTarget(code) ? failing : null });
      trace.available = released.available;
      return delivered;
    }
    const { located, outcome } = delivered.value;
    const lines = settle(deps.priceCard, held, want, outcome);
    const now = deps.clock();
    const answer = await keptReading(deps, order, located, outcome, expectedPayment(payer, held, lines), now);
    const settled = await payer.settle(lines, receiptOf(deps, order, trace, located, outcome), { answer, target: failing });
    if (!settled.ok) return err(settleRefusal(settled.error));
    trace.available = settled.value.available;
    return ok(await readingOf(deps, order, located, outcome, settled.value, now));
  } catch (bug) {
    trace.available = (await payer.release('internal', { answer: null, target: null })).available;
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
    limitations: [...new Set(limitationsOf(want, outcome, deps.clock()).map((limitation) => limitation.code))],
    upstream: trace.attempts ?? [],
  };
}

async function readingOf(
  deps: ReadDeps,
  order: ReadOrder,
  target: MediaTarget,
  outcome: Outcome,
  payment: Payment,
  now: number,
): Promise<Reading> {
  const main = mainPart(outcome);
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
