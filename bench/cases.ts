import type { LoadOrder } from './load.ts';
import { BASELINE_HEADER, PATHS } from './paths.ts';

/** What is measured, in the order of the report. `letter` is the one of the results' table. */
export const CASES = {
  nothing: { letter: 'a', about: 'a route that does nothing' },
  nothingInApp: { letter: "a'", about: 'a route that does nothing, behind everything that the app does for every request' },
  object: { letter: 'b', about: 'a Durable Object call that does nothing' },
  hot: { letter: 'c hot', about: 'a cached paid read, of 16 posts again and again' },
  kv: { letter: 'c KV', about: 'the same from KV: the Worker keeps no copies in its own memory (HOT_CACHE_SECONDS=0)' },
  fresh: { letter: 'd', about: 'an uncached paid read, of a new post each time' },
  hotBaseline: { letter: 'e c', about: 'as c hot, with one transaction a call' },
  freshBaseline: { letter: 'e d', about: 'as d, with one transaction a call' },
  malformed: { letter: 'f', about: 'a read with a malformed key: 401' },
  chargeCeiling: { letter: 'g c', about: 'charges sent to the database by one process, as many in a batch as there are callers' },
  reserveCeiling: { letter: 'g d', about: 'reserve and settle, sent likewise: two batches' },
} as const satisfies Readonly<Record<string, { readonly letter: string; readonly about: string }>>;
export type Case = keyof typeof CASES;

/** The cases that the load generator asks the Worker for. */
export type AskedCase = Exclude<Case, 'chargeCeiling' | 'reserveCeiling'>;

/** All of them, in order. */
export const CASE_NAMES: readonly Case[] = Object.keys(CASES).filter((name): name is Case => name in CASES);

/** The cases whose every answer must be the wanted one. The baseline's errors are its own. */
export const PRODUCT_CASES: readonly Case[] = ['hot', 'kv', 'fresh', 'malformed'];

/** Cases in which each good answer is one charge. */
export const PAID_CASES: readonly Case[] = ['hot', 'kv', 'fresh', 'hotBaseline', 'freshBaseline'];

/** The posts that are read again and again. */
export const HOT_TARGETS = { first: 1, count: 16 } as const;

/** The number of the first post that is read only once. */
export const FIRST_FRESH_TARGET = 10_000_000;

type Asked = Pick<LoadOrder, 'path' | 'headers' | 'keys' | 'targets' | 'wanted'>;

const READ = '/v1/post';
const DONE = { status: 200, text: null };
const HIT = { status: 200, text: '"cache":{"status":"hit"' };
const MISS = { status: 200, text: '"cache":{"status":"miss"' };

/** What the load generator asks for in a case. `kv` asks for the same as `hot`, of another Worker. */
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
