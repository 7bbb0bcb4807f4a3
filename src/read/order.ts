import type { KeptAnswer } from '../billing/idempotency/idempotency.ts';
import type { Payer } from './pricing/payer.ts';
import type { Reading } from './reading.ts';
import type { ReadRefusal } from '../errors/from-read.ts';
import type { Freshness, Want } from './want.ts';

/** One paid read, as a route orders it. */
export type ReadOrder = {
  /** The endpoint's path, for the receipt. */
  readonly endpoint: string;
  /** The URL or shortcode as the caller gave it. */
  readonly input: string;
  readonly want: Want;
  readonly freshness: Freshness;
  readonly payer: Payer;
  /** The most it may cost, micro-credits; null without a ceiling. */
  readonly ceiling: number | null;
  /** How an answer is kept for a repeat under the same Idempotency-Key; null without one. */
  readonly memory: AnswerMemory | null;
};

/** Renders an answer for keeping before it is known that the money moved: a reading's payment says all but the balance. */
export type AnswerMemory = {
  readonly reading: (reading: Reading) => Promise<KeptAnswer>;
  readonly refusal: (refusal: ReadRefusal) => Promise<KeptAnswer>;
};
