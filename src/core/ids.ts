import { ulid } from 'ulid';

/** What an id names; the prefix lets a person tell two ids apart in a log. */
export type IdPrefix = 'acct' | 'key' | 'req' | 'entry' | 'pay';

/** `req_01J…`: a prefix and a ULID, which sorts by the time it was made. */
export type Id<P extends IdPrefix = IdPrefix> = `${P}_${string}`;

/** Makes ids. Handed in everywhere, so that tests decide what is made. */
export type Ids = <P extends IdPrefix>(prefix: P) => Id<P>;

/** The random characters of one ULID. The library would ask for them one by one, which takes longer than all the rest of an id. */
const RANDOM_CHARACTERS = 16;

/** Ids from the runtime's clock and its cryptographic randomness. */
export const randomIds: Ids = (prefix) => {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_CHARACTERS));
  let next = 0;
  return `${prefix}_${ulid(undefined, () => (bytes[next++] ?? 0) / 256)}`;
};
