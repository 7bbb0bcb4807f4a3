import type { MediaTarget } from '../../instagram/target.ts';
import type { Budget } from '../../net/deadline.ts';
import type { Freshness } from '../cache/freshness.ts';
import type { ReadDeps } from './deps.ts';
import type { ReadTrace } from './trace.ts';

/** What all parts of one read share. */
export type ReadContext = {
  readonly deps: ReadDeps;
  readonly target: MediaTarget;
  readonly freshness: Freshness;
  readonly budget: Budget;
  readonly trace: ReadTrace;
};
