import type { Clock } from '../core/clock.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { Parser, ParseRequest, Transcriber, TranscriptionRequest } from '../parse/ports.ts';
import type { CommentsSource, Failover, MediaFailure, TranscriptSource } from '../providers/failover.ts';
import type { CommentsOrder, ProviderId } from '../providers/provider.ts';
import type { Budget } from '../net/deadline.ts';
import { err, type Result } from '../core/result.ts';
import { sha256Hex } from '../core/sha256.ts';
import { createFlights, type FlightAnswer } from './coalescer.ts';

/** Raised when the shape of requests or results changes, so that two versions of the Worker never share a flight. */
const FLIGHT_VERSION = 1;

/**
 * Everything that decides what is asked upstream, and nothing else: equal requests are one flight, different ones never. The
 * providers are in it in their order, since who is asked decides what comes.
 */
export type FlightRequest =
  | { readonly kind: 'media'; readonly providers: readonly ProviderId[]; readonly target: MediaTarget }
  | {
      readonly kind: 'comments';
      readonly providers: readonly ProviderId[];
      readonly target: MediaTarget;
      readonly order: CommentsOrder;
      readonly postOwner: string | null;
      /** The provider whose batch is continued. */
      readonly pinned: ProviderId | null;
    }
  | {
      readonly kind: 'transcript';
      readonly providers: readonly ProviderId[];
      readonly target: MediaTarget;
      readonly durationSeconds: number | null;
    }
  | {
      readonly kind: 'hosted_transcript';
      readonly model: string;
      readonly request: TranscriptionRequest;
      readonly idempotencyKey: string;
    }
  | { readonly kind: 'parse'; readonly model: string; readonly request: ParseRequest; readonly idempotencyKey: string };

/** The sources and the hosted boundary, each asking by itself. */
export type DirectSources = {
  readonly media: Failover;
  readonly comments: CommentsSource;
  readonly transcripts: TranscriptSource;
  readonly transcriber: Transcriber;
  readonly parser: Parser;
};

/** Where callers meet: flies a request once for all who ask for it. `beganAt` is when the caller's own request began, unix milliseconds. */
export interface FlightDeck {
  fly(name: string, request: FlightRequest, budget: Budget, beganAt: number): Promise<FlightAnswer>;
}

/** The decks of all isolates: Durable Objects over which flights are spread by their names. */
export type ReadFlights = { getByName(name: string): FlightDeck };

/** The name of a request's flight: its kind, and 128 bits of the SHA-256 of all of it. */
export function flightName(request: FlightRequest): string {
  const hex = sha256Hex(JSON.stringify(request, sortKeys));
  return `${request.kind}:v${FLIGHT_VERSION}:${hex.slice(0, 32)}`;
}

/**
 * Flights are spread over so many objects. One for each flight would have to be made anew for every post that is read, which takes
 * longer than most reads, and would be of no use to the next.
 */
const DECKS = 64;

/** The name of the object in which a flight meets its callers. */
export function deckOf(flight: string): string {
  return `deck-${Number.parseInt(flight.slice(-2), 16) % DECKS}`;
}

/** The same content has one text, in whatever order its fields were set. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A deck that flies with these sources. They are made for each flight: a connection belongs to whoever began it. */
export function createFlightDeck(sources: () => DirectSources, clock: Clock): FlightDeck {
  const flights = createFlights(clock);
  return {
    fly: (name, request, budget, beganAt) =>
      flights.board(
        name,
        { beganAt, deadlineAt: budget.deadlineAt },
        { fly: async () => ask(sources(), request, budget), tooLarge: (result) => tooLarge(request, result) },
      ),
  };
}

function ask(sources: DirectSources, request: FlightRequest, budget: Budget): Promise<Result<unknown, unknown>> {
  switch (request.kind) {
    case 'media':
      return sources.media.fetchMedia(request.target, budget);
    case 'comments':
      return sources.comments.fetchComments(request.target, request.order, request.postOwner, request.pinned, budget);
    case 'transcript':
      return sources.transcripts.fetchTranscript(request.target, request.durationSeconds, budget);
    case 'hosted_transcript':
      return sources.transcriber.transcribe(request.request, request.idempotencyKey, budget);
    case 'parse':
      return sources.parser.parse(request.request, request.idempotencyKey, budget);
  }
}

/**
 * What can't be handed on is a bad answer of the provider. No single answer is that large, only a batch of very many; asking again for
 * every caller would make the largest answers the dearest.
 */
function tooLarge(request: FlightRequest, result: Result<unknown, unknown>): Result<unknown, unknown> {
  switch (request.kind) {
    case 'media':
    case 'comments':
    case 'transcript': {
      // safe because these three deliver and fail with their attempts
      const { attempts } = (result.ok ? result.value : result.error) as Pick<MediaFailure, 'attempts'>;
      return err({ kind: 'bad_response', failed: [], attempts } satisfies MediaFailure);
    }
    case 'hosted_transcript':
    case 'parse':
      return err({ kind: 'invalid_output' });
  }
}
