import type { LoadOrder } from './load.ts';
import { BASELINE_HEADER, PATHS } from './paths.ts';

/** The measured cases, in the order of the report, with their letters in its tables. */
export const CASES = {
  nothing: { letter: 'a', about: 'a route that does nothing' },
  nothingInApp: { letter: "a'", about: "a route that does nothing, behind the app's middleware" },
  object: { letter: 'b', about: 'a call to a Durable Object that does nothing' },
  hot: { letter: 'c hot', about: 'a cached paid read of 16 posts, repeatedly' },
  kv: { letter: 'c KV', about: 'the same from KV, without the memory cache (HOT_CACHE_SECONDS=0)' },
  fresh: { letter: 'd', about: 'an uncached paid read of a new post each time' },
  hotBaseline: { letter: 'e c', about: 'like c hot, with one transaction per call (bench/baseline)' },
  freshBaseline: { letter: 'e d', about: 'like d, with one transaction per call (bench/baseline)' },
  malformed: { letter: 'f', about: 'a read with a malformed key: 401' },
  chargeCeiling: { letter: 'g c', about: 'charges that one process sends to the database, as many per batch as there are callers' },
  reserveCeiling: { letter: 'g d', about: 'reserve and settle, sent the same way in two batches' },
} as const satisfies Readonly<Record<string, { readonly letter: string; readonly about: string }>>;
export type Case = keyof typeof CASES;

/** The cases in which the load generator calls the Worker. */
export type AskedCase = Exclude<Case, 'chargeCeiling' | 'reserveCeiling'>;

export const CASE_NAMES: readonly Case[] = Object.keys(CASES).filter((name): name is Case => name in CASES);

/** Cases in which every response must be correct. The baseline's errors are its own. */
export const PRODUCT_CASES: readonly Case[] = ['hot', 'kv', 'fresh', 'malformed'];

/** Cases in which each correct response is one charge. */
export const PAID_CASES: readonly Case[] = ['hot', 'kv', 'fresh', 'hotBaseline', 'freshBaseline'];

export const HOT_TARGETS = { first: 1, count: 16 } as const;

export const FIRST_FRESH_TARGET = 10_000_000;

type Asked = Pick<LoadOrder, 'path' | 'headers' | 'keys' | 'targets' | 'wanted'>;

const READ = '/v1/post';
const DONE = { status: 200, text: null };
const HIT = { status: 200, text: '"cache":{"status":"hit"' };
const MISS = { status: 200, text: '"cache":{"status":"miss"' };

/** Returns the load of a case. `kv` sends the same as `hot`, to another Worker. */
export function askedIn(name: AskedCase, keys: readonly string[], firstFresh: number): Asked {
  const free = { headers: {}, keys: [], targets: { kind: 'none' }, wanted: DONE } as const;
  const hot = { kind: 'turn', ...HOT_TARGETS } as const;
  const fresh = { kind: 'once', first: firstFresh } as const;
  const throughBaseline = { [BASELINE_HEADER]: '1' };
  switch (name) {
    case 'nothing':
      return { ...free, path: PATHS.nothing };
    case 'nothingInApp':
      return { ...free, path: PATHS.nothingInApp };
    case 'object':
      return { ...free, path: PATHS.object };
    case 'hot':
    case 'kv':
      return { path: READ, headers: {}, keys, targets: hot, wanted: HIT };
    case 'fresh':
      return { path: READ, headers: {}, keys, targets: fresh, wanted: MISS };
    case 'hotBaseline':
      return { path: READ, headers: throughBaseline, keys, targets: hot, wanted: HIT };
    case 'freshBaseline':
      return { path: READ, headers: throughBaseline, keys, targets: fresh, wanted: MISS };
    case 'malformed':
      return { path: READ, headers: { Authorization: 'Bearer not-a-key' }, keys: [], targets: hot, wanted: { status: 401, text: null } };
  }
}
