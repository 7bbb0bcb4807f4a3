import type { StoredResponse } from '../billing/idempotency/idempotency.ts';
import type { ReadRefusal } from '../errors/from-read.ts';
import type { TargetOutcome } from '../limits/miss-allowance.ts';
import type { Budget } from '../net/deadline.ts';
import type { Freshness } from './cache/freshness.ts';
import type { ReadDeps } from './model/deps.ts';
import type { PartList, RequestOf } from './model/part.ts';
import type { ReadTrace } from './model/trace.ts';
import type { Parts } from './parts/parts.ts';
import type { Payer } from './pricing/payer.ts';
import type { ReadResult } from './response/result.ts';

/** One paid read. */
export type ReadOrder<L extends PartList = Parts> = {
  /** The endpoint's path, for the receipt. */
  readonly endpoint: string;
  /** The URL or shortcode as the caller sent it. */
  readonly input: string;
  readonly request: RequestOf<L>;
  readonly freshness: Freshness;
  /** For the receipt. */
  readonly traceId?: string | undefined;
  readonly payer: Payer;
  /** Whether the caller has this answer already: then it is free from the cache, and at the cached price after a fresh fetch. */
  isKnown(result: ReadResult<L>): boolean;
  /** Refuses what the cache does not hold whole, instead of asking a provider. */
  readonly onlyIfCached: boolean;
  /** The most it may cost, micro-credits; null without a ceiling. */
  readonly ceiling: number | null;
  /** Limits how often a target is looked for in vain; null for the operator. */
  readonly misses: TargetAllowance | null;
  /** Null without an Idempotency-Key. */
  readonly recorder: ResponseRecorder<L> | null;
};

/** What the paying account may look for and not find. */
export interface TargetAllowance {
  /** Asked before a provider. Null where the target may be looked for. */
  ask(target: string): Promise<ReadRefusal | null>;
  /** Reports the end of a read, in the background. Never throws. */
  end(target: string, outcome: TargetOutcome): void;
}

/**
 * Renders a response for storage before the money has moved, so that both are written in one batch. The payment of a result says
 * everything but the balance.
 */
export interface ResponseRecorder<L extends PartList = Parts> {
  result(result: ReadResult<L>): Promise<StoredResponse>;
  refusal(refusal: ReadRefusal): Promise<StoredResponse>;
}

/** One order on its way, with everything that its steps share. */
export type ReadJob = {
  readonly deps: ReadDeps;
  readonly parts: PartList;
  readonly order: ReadOrder<PartList>;
  readonly trace: ReadTrace;
  readonly budget: Budget;
  /** The embed mirror that the input leads to; null for the platform itself, and before the input is parsed. */
  readonly mirror: string | null;
};
