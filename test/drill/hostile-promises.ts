import { Tally } from './tally.ts';

/** The guarantees that hostile input must not violate. */
export const HOSTILE_PROMISES = [
  'no unexplained 5xx',
  'answers of the published shape',
  'security headers',
  'bounded time',
  'bounded memory',
  'nothing leaks',
  'refusals are free',
  'charges are what the answers said',
  'requests leave for the configured hosts alone',
  "another account's things are as if they were not there",
  'a key does what its scopes say',
  'the ledger audit is all zeros',
] as const;

export type HostileTally = Tally<(typeof HOSTILE_PROMISES)[number]>;

export function hostileTally(): HostileTally {
  return new Tally(HOSTILE_PROMISES);
}
