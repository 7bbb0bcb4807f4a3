import type { Clock } from '../core/clock.ts';
import { inTime, LATE } from '../core/timeout.ts';
import type { Result } from '../core/result.ts';

/** How large flights may become. */
export type FlightLimits = {
  /** Flights under way at once in one object, of the many over which they are spread. */
  readonly flights: number;
  /** Callers of one flight. Each is an open request that holds a few kilobytes here until the flight lands. */
  readonly callers: number;
  /** The longest answer that is handed on, as JSON. Twice as many bytes must fit into one RPC answer, of 32 MiB at most; one body of an upstream does. */
  readonly answerChars: number;
  /** What one flight hands out in all: the isolate has 128 MB, and the answers to all callers leave it at the same moment. */
  readonly handedOutChars: number;
  /** No flight is waited for longer: a read's deadline is shorter, so this ends only what ignores its deadline. */
  readonly flightMs: number;
  /** How long a delivery stays for callers who had begun before it came, but were still setting money aside. */
  readonly lingerMs: number;
  /** A longer answer doesn't stay after the landing. */
  readonly lingerChars: number;
  /** What stays in one object altogether; beyond it nothing more does. */
  readonly lingeringChars: number;
};

/** The limits of the Worker's flights. */
export const FLIGHT_LIMITS: FlightLimits = {
  flights: 200,
  callers: 500,
  answerChars: 12_000_000,
  handedOutChars: 48_000_000,
  flightMs: 30_000,
  lingerMs: 5_000,
  lingerChars: 1_000_000,
  lingeringChars: 8_000_000,
};

/** Who boards: since when they ask, and when their own time is over. Unix milliseconds. */
export type Boarding = { readonly beganAt: number; readonly deadlineAt: number };

/**
 * What a caller gets. `text` is the JSON of the result, delivered or failed; `joined` is false for the one who started the flight;
 * `deadlineAt` is the flight's. `full`: one bound or another is reached; `late`: the flight did not come to an end.
 */
export type FlightAnswer =
  | {
      readonly kind: 'landed';
      readonly text: string;
      readonly joined: boolean;
      readonly landedAt: number;
      readonly deadlineAt: number;
    }
  | { readonly kind: 'full' }
  | { readonly kind: 'late' };

/** What a flight does. `tooLarge` says what becomes of a result that is longer than an answer may be. */
export type Work = {
  readonly fly: () => Promise<Result<unknown, unknown>>;
  readonly tooLarge: (result: Result<unknown, unknown>) => Result<unknown, unknown>;
};

/** Work that is done once for all who ask for it at the same time. */
export interface Flights {
  /**
   * Joins the flight under this key, or starts it. One that failed fails for all who joined it, and the next caller starts anew. One
   * that delivered is joined, for a few seconds, by those who began before it landed. Throws for all what the work throws.
   */
  board(key: string, boarding: Boarding, work: Work): Promise<FlightAnswer>;
}

type Flight = {
  readonly deadlineAt: number;
  callers: number;
  /** How much of it stays after its landing. */
  chars: number;
  /** Null while it is under way. */
  landedAt: number | null;
  landing: Promise<string | null>;
};

/** Flights within one isolate. */
export function createFlights(clock: Clock, limits: FlightLimits = FLIGHT_LIMITS): Flights {
  const known = new Map<string, Flight>();
  let lingering = 0;

  const forget = (key: string, flight: Flight): void => {
    if (known.get(key) !== flight) return;
    known.delete(key);
    lingering -= flight.chars;
  };

  /** The JSON of what came, or null when nothing did. */
  const land = async (key: string, flight: Flight, { fly, tooLarge }: Work): Promise<string | null> => {
    let stays = false;
    try {
      const result = await inTime(fly(), limits.flightMs);
      if (result === LATE) return null;
      const text = JSON.stringify(result);
      flight.landedAt = clock();
      stays = result.ok && text.length <= limits.lingerChars && lingering + text.length <= limits.lingeringChars;
      if (stays) lingering += flight.chars = text.length;
      return text.length > limits.answerChars ? JSON.stringify(tooLarge(result)) : text;
    } finally {
      if (stays) setTimeout(() => forget(key, flight), limits.lingerMs);
      else forget(key, flight);
    }
  };

  const arrive = async (flight: Flight, place: number): Promise<FlightAnswer> => {
    const text = await flight.landing;
    if (text === null) return { kind: 'late' };
    if (place > 1 && place * text.length > limits.handedOutChars) return { kind: 'full' };
    return { kind: 'landed', text, joined: place > 1, landedAt: flight.landedAt ?? clock(), deadlineAt: flight.deadlineAt };
  };

  const hasRoom = (): boolean => {
    if (known.size < limits.flights) return true;
    // What has landed gives way to what has to fly.
    const landed = [...known].find(([, flight]) => flight.landedAt !== null);
    if (landed === undefined) return false;
    forget(...landed);
    return true;
  };

  return {
    async board(key, { beganAt, deadlineAt }, work) {
      const found = known.get(key);
      if (found !== undefined && (found.landedAt === null || found.landedAt > beganAt)) {
        if (found.callers >= limits.callers) return { kind: 'full' };
        found.callers += 1;
        return arrive(found, found.callers);
      }
      if (found !== undefined) forget(key, found);
      else if (!hasRoom()) return { kind: 'full' };
      const flight: Flight = { deadlineAt, callers: 1, chars: 0, landedAt: null, landing: Promise.resolve(null) };
      known.set(key, flight);
      flight.landing = land(key, flight, work);
      return arrive(flight, 1);
    },
  };
}
