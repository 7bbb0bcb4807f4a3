import type { Clock } from '../core/clock.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { Parser, ParseRequest, Transcriber, TranscriptionRequest } from '../parse/ports.ts';
import type { CommentsSource, Failover, MediaFailure, TranscriptSource } from '../providers/failover.ts';
import type { CommentsOrder, ProviderId } from '../providers/provider.ts';
import type { Budget } from '../net/deadline.ts';
import { err, type Result } from '../core/result.ts';
import { sha256Hex } from '../core/sha256.ts';
import { createCoalescer, type CoalescedAnswer } from './coalescer.ts';

/** Raise when requests or results change shape, so that two versions of the Worker never share a run. */
const FLIGHT_VERSION = 2;

/**
 * Exactly what determines the upstream request: equal requests share a run, different ones never do. Includes the providers in order,
 * because who is asked determines the result.
 */
export type CoalescableRequest =
  | {
      readonly kind: 'media';
      readonly providers: readonly ProviderId[];
      readonly target: MediaTarget;
      /** The most that the calls may cost by list price, in micro-dollars. */
      readonly maxCostMicros: number;
    }
  | {
      readonly kind: 'comments';
      readonly providers: readonly ProviderId[];
      readonly target: MediaTarget;
      readonly order: CommentsOrder;
      readonly postOwner: string | null;
      /** The provider whose batch is continued; null to start anew. */
      readonly pinned: ProviderId | null;
    }
  | {
      readonly kind: 'transcript';
      readonly providers: readonly ProviderId[];
      readonly target: MediaTarget;
      readonly durationSeconds: number | null;
      readonly maxCostMicros: number;
    }
  | {
      readonly kind: 'hosted_transcript';
      readonly model: string;
      readonly request: TranscriptionRequest;
      readonly idempotencyKey: string;
    }
  | { readonly kind: 'parse'; readonly model: string; readonly request: ParseRequest; readonly idempotencyKey: string };

/** The providers and the gateway without coalescing. */
export type DirectSources = {
  readonly media: Failover;
  readonly comments: CommentsSource;
  readonly transcripts: TranscriptSource;
  readonly transcriber: Transcriber;
  readonly parser: Parser;
};

/** One object of the coalescer. `beganAt` is when the request of the caller began, unix milliseconds; `account` tells accounts apart. */
export interface ReadCoalescer {
  coalesce(name: string, request: CoalescableRequest, budget: Budget, beganAt: number, account: string): Promise<CoalescedAnswer>;
}

/** The objects of the coalescer: Durable Objects shared by all isolates, selected by bucket. */
export type ReadCoalescers = { getByName(name: string): ReadCoalescer };

/** Returns the name that equal requests share: the kind, the version, and 128 bits of the request's SHA-256. */
export function coalescingKey(request: CoalescableRequest): string {
  const hex = sha256Hex(JSON.stringify(request, sortKeys));
  return `${request.kind}:v${FLIGHT_VERSION}:${hex.slice(0, 32)}`;
}

/**
 * Objects over which requests are spread. One object per request would have to be created for every post, which takes longer than most
 * reads, and would not be used again.
 */
const BUCKETS = 64;

/** The object of a request. `salt` is a secret of the deployment, so that nobody can choose targets that meet in one object. */
export function bucketOf(key: string, salt: string): string {
  return `deck-${Number.parseInt(sha256Hex(`${salt}:${key}`).slice(-2), 16) % BUCKETS}`;
}

/** Serialises equal content equally, whatever the order of its fields. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Creates the inside of one object. `sources` is called per run, because a connection belongs to the request that opened it. */
export function createReadCoalescer(sources: () => DirectSources, clock: Clock): ReadCoalescer {
  const coalescer = createCoalescer(clock);
  return {
    coalesce: (name, request, budget, beganAt, account) =>
      coalescer.join(
        name,
        { beganAt, deadlineAt: budget.deadlineAt, account },
        { run: async () => ask(sources(), request, budget), tooLarge: (result) => tooLarge(request, result) },
      ),
  };
}

function ask(sources: DirectSources, request: CoalescableRequest, budget: Budget): Promise<Result<unknown, unknown>> {
  switch (request.kind) {
    case 'media':
      return sources.media.fetchMedia(request.target, { ...budget, maxCostMicros: request.maxCostMicros });
    case 'comments':
      return sources.comments.fetchComments(request.target, request.order, request.postOwner, request.pinned, budget);
    case 'transcript':
      return sources.transcripts.fetchTranscript(request.target, request.durationSeconds, {
        ...budget,
        maxCostMicros: request.maxCostMicros,
      });
    case 'hosted_transcript':
      return sources.transcriber.transcribe(request.request, request.idempotencyKey, budget);
    case 'parse':
      return sources.parser.parse(request.request, request.idempotencyKey, budget);
  }
}

/**
 * A result that is too large to send counts as the provider's bad response. Only a batch of very many comments can be; repeating the call
 * for every caller would make the largest results the most expensive.
 */
function tooLarge(request: CoalescableRequest, result: Result<unknown, unknown>): Result<unknown, unknown> {
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
