import type { Budget } from '../providers/provider.ts';
import type { Result } from '../result.ts';
import type { Parsed, ParseFailure, Parser, ParseRequest } from './parser.ts';

type Outcome = Result<Parsed, ParseFailure>;

/** Work that is done once for all who ask for it at the same time. */
export interface Flights<T> {
  /** Joins the flight under this key, or starts it. A flight that fails fails for all who joined it; the next ask starts anew. */
  run(key: string, work: () => Promise<T>): Promise<T>;
}

/** Flights within one isolate. */
export function createFlights<T>(): Flights<T> {
  const flying = new Map<string, Promise<T>>();
  return {
    run(key, work) {
      const joined = flying.get(key);
      if (joined !== undefined) return joined;
      const flight = work().finally(() => flying.delete(key));
      flying.set(key, flight);
      return flight;
    },
  };
}

/** Where the flights of all isolates meet: one Durable Object a key. */
export type ParseFlights = {
  getByName(key: string): { parse(request: ParseRequest, idempotencyKey: string, budget: Budget): Promise<Outcome> };
};

/**
 * A parser whose parallel identical requests are one, across isolates: the object named by the idempotency key asks the boundary.
 * Where the object can't be reached the boundary is asked from here, and its own idempotency makes the two one.
 */
export function createSharedParser(direct: Parser, flights: ParseFlights): Parser {
  return {
    ...direct,
    async parse(request, idempotencyKey, budget) {
      if (!direct.configured) return direct.parse(request, idempotencyKey, budget);
      try {
        return await flights.getByName(idempotencyKey).parse(request, idempotencyKey, budget);
      } catch {
        return direct.parse(request, idempotencyKey, budget);
      }
    },
  };
}
