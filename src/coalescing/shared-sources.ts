import type { Parser, Transcriber } from '../parse/ports.ts';
import type { CommentsSource, Failover, MediaFailure, TranscriptSource } from '../providers/failover.ts';
import type { FlightNote, UpstreamReceipt } from '../providers/provider.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Flown, Flyer } from './client.ts';

/** Posts whose parallel identical reads are one. */
export function createSharedMedia(direct: Failover, fly: Flyer): Failover {
  const { providers } = direct;
  return {
    providers,
    fetchMedia: async (target, budget) => {
      const ask = () => direct.fetchMedia(target, budget);
      return providers.length === 0 ? ask() : delivery(await fly({ kind: 'media', providers, target }, budget, ask));
    },
  };
}

/** Comments whose parallel identical reads are one. A batch that the starter's deadline cut short is delivered as it is: it goes on by cursor. */
export function createSharedComments(direct: CommentsSource, fly: Flyer): CommentsSource {
  const { providers } = direct;
  return {
    providers,
    fetchComments: async (target, order, postOwner, pinned, budget) => {
      const ask = () => direct.fetchComments(target, order, postOwner, pinned, budget);
      if (providers.length === 0) return ask();
      return delivery(await fly({ kind: 'comments', providers, target, order, postOwner, pinned }, budget, ask));
    },
  };
}

/** Providers' transcripts whose parallel identical reads are one. */
export function createSharedTranscripts(direct: TranscriptSource, fly: Flyer): TranscriptSource {
  const { providers } = direct;
  return {
    providers,
    fetchTranscript: async (target, durationSeconds, budget) => {
      const ask = () => direct.fetchTranscript(target, durationSeconds, budget);
      if (providers.length === 0) return ask();
      return delivery(await fly({ kind: 'transcript', providers, target, durationSeconds }, budget, ask));
    },
  };
}

/** Hosted transcription whose parallel identical requests are one. */
export function createSharedTranscriber(direct: Transcriber, fly: Flyer): Transcriber {
  const { model, configured } = direct;
  return {
    ...direct,
    transcribe: async (request, idempotencyKey, budget) => {
      const ask = () => direct.transcribe(request, idempotencyKey, budget);
      if (!configured) return ask();
      return hosted(await fly({ kind: 'hosted_transcript', model, request, idempotencyKey }, budget, ask));
    },
  };
}

/** A parser whose parallel identical requests are one. Where the flight can't be reached, the boundary's own idempotency makes them one. */
export function createSharedParser(direct: Parser, fly: Flyer): Parser {
  const { model, configured } = direct;
  return {
    ...direct,
    parse: async (request, idempotencyKey, budget) => {
      const ask = () => direct.parse(request, idempotencyKey, budget);
      return configured ? hosted(await fly({ kind: 'parse', model, request, idempotencyKey }, budget, ask)) : ask();
    },
  };
}

type Shareable = { readonly attempts: readonly UpstreamReceipt[]; readonly flight?: FlightNote };

/** The upstream calls are on the account of the one who started the flight; who joined has made none. */
function delivery<T extends Shareable>(flown: Flown<T, MediaFailure>): Result<T, MediaFailure> {
  switch (flown.kind) {
    case 'full':
      return err({ kind: 'overloaded', failed: [], attempts: [] });
    case 'late':
      return err({ kind: 'timed_out', failed: [], attempts: [] });
    case 'flown': {
      const { result, note } = flown;
      if (note === null) return result;
      const own = { flight: note, ...(note.joined ? { attempts: [] } : {}) };
      return result.ok ? ok({ ...result.value, ...own }) : err({ ...result.error, ...own });
    }
  }
}

/** A full flight is to the caller what a busy boundary is. */
function hosted<T extends { readonly flight?: FlightNote }, E extends { readonly kind: string }>(
  flown: Flown<T, E>,
): Result<T, E | { readonly kind: 'rate_limited' | 'timed_out' }> {
  switch (flown.kind) {
    case 'full':
      return err({ kind: 'rate_limited' });
    case 'late':
      return err({ kind: 'timed_out' });
    case 'flown': {
      const { result, note } = flown;
      return result.ok && note !== null ? ok({ ...result.value, flight: note }) : result;
    }
  }
}
