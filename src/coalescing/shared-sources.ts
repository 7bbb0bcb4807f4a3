import type { Parser, Transcriber } from '../parse/ports.ts';
import type { CommentsSource, Failover, MediaFailure, TranscriptSource } from '../providers/failover.ts';
import type { CoalescingNote, UpstreamReceipt } from '../providers/provider.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Coalesce, Coalesced } from './client.ts';

export function createSharedMedia(direct: Failover, coalesce: Coalesce): Failover {
  const { providers } = direct;
  return {
    providers,
    fetchMedia: async (target, budget) => {
      const ask = () => direct.fetchMedia(target, budget);
      return providers.length === 0
        ? ask()
        : delivery(await coalesce({ kind: 'media', providers, target, maxCostMicros: budget.maxCostMicros }, budget, ask));
    },
  };
}

/**
 * Coalesces identical parallel reads of comments. A batch that the starter's deadline cut short is delivered as it is; its cursor continues
 * it.
 */
export function createSharedComments(direct: CommentsSource, coalesce: Coalesce): CommentsSource {
  const { providers } = direct;
  return {
    providers,
    fetchComments: async (target, order, postOwner, pinned, budget) => {
      const ask = () => direct.fetchComments(target, order, postOwner, pinned, budget);
      if (providers.length === 0) return ask();
      return delivery(await coalesce({ kind: 'comments', providers, target, order, postOwner, pinned }, budget, ask));
    },
  };
}

export function createSharedTranscripts(direct: TranscriptSource, coalesce: Coalesce): TranscriptSource {
  const { providers } = direct;
  return {
    providers,
    fetchTranscript: async (target, durationSeconds, budget) => {
      const ask = () => direct.fetchTranscript(target, durationSeconds, budget);
      if (providers.length === 0) return ask();
      const { maxCostMicros } = budget;
      return delivery(await coalesce({ kind: 'transcript', providers, target, durationSeconds, maxCostMicros }, budget, ask));
    },
  };
}

export function createSharedTranscriber(direct: Transcriber, coalesce: Coalesce): Transcriber {
  const { model, configured } = direct;
  return {
    ...direct,
    transcribe: async (request, idempotencyKey, budget) => {
      const ask = () => direct.transcribe(request, idempotencyKey, budget);
      if (!configured) return ask();
      return hosted(await coalesce({ kind: 'hosted_transcript', model, request, idempotencyKey }, budget, ask));
    },
  };
}

/** Coalesces identical parallel interpretations. When the coalescer is unreachable, the gateway's idempotency still makes them one. */
export function createSharedParser(direct: Parser, coalesce: Coalesce): Parser {
  const { model, configured } = direct;
  return {
    ...direct,
    parse: async (request, idempotencyKey, budget) => {
      const ask = () => direct.parse(request, idempotencyKey, budget);
      return configured ? hosted(await coalesce({ kind: 'parse', model, request, idempotencyKey }, budget, ask)) : ask();
    },
  };
}

type Shareable = { readonly attempts: readonly UpstreamReceipt[]; readonly coalescing?: CoalescingNote };

/** Attributes the upstream calls to the caller that started the run; followers made none. */
function delivery<T extends Shareable>(outcome: Coalesced<T, MediaFailure>): Result<T, MediaFailure> {
  switch (outcome.kind) {
    case 'full':
      return err({ kind: 'overloaded', failed: [], attempts: [] });
    case 'late':
      return err({ kind: 'timed_out', failed: [], attempts: [] });
    case 'completed': {
      const { result, note } = outcome;
      if (note === null) return result;
      const own = { coalescing: note, ...(note.joined ? { attempts: [] } : {}) };
      return result.ok ? ok({ ...result.value, ...own }) : err({ ...result.error, ...own });
    }
  }
}

/** A full coalescer looks to the caller like a busy gateway. */
function hosted<T extends { readonly coalescing?: CoalescingNote }, E extends { readonly kind: string }>(
  outcome: Coalesced<T, E>,
): Result<T, E | { readonly kind: 'rate_limited' | 'timed_out' }> {
  switch (outcome.kind) {
    case 'full':
      return err({ kind: 'rate_limited' });
    case 'late':
      return err({ kind: 'timed_out' });
    case 'completed': {
      const { result, note } = outcome;
      return result.ok && note !== null ? ok({ ...result.value, coalescing: note }) : result;
    }
  }
}
