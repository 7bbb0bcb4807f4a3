import { ulid } from 'ulid';

/** The prefix says what an id names, so that ids are told apart in a log. */
export type IdPrefix = 'acct' | 'key' | 'req' | 'entry' | 'pay';

/** A prefix and a ULID (`req_01J…`), which sorts by creation time. */
export type Id<P extends IdPrefix = IdPrefix> = `${P}_${string}`;

/** Creates ids. Injected everywhere, so that tests control them. */
export type Ids = <P extends IdPrefix>(prefix: P) => Id<P>;

/** Random characters of one ULID, drawn in one call: the library would draw them one at a time, which dominates the cost of an id. */
const RANDOM_CHARACTERS = 16;

export const randomIds: Ids = (prefix) => {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_CHARACTERS));
  let next = 0;
  return `${prefix}_${ulid(undefined, () => (bytes[next++] ?? 0) / 256)}`;
};
