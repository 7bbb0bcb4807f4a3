import type { InStatement } from '@libsql/client/web';
import { withTimeout, TIMED_OUT } from '../../core/timeout.ts';
import { err, type Result } from '../../core/result.ts';
import type { Outcome } from '../ledger/batch.ts';
import type { LedgerCall } from '../ledger/commands.ts';
import type { LedgerWriter, PlainSet, WriteFailure } from '../ledger/writer.ts';

/** The writing Durable Object's methods. `shard` tells it which database to write to. */
export type WriterObject = {
  submit(shard: number, call: LedgerCall): Promise<Result<Outcome, WriteFailure>>;
  run(shard: number, statements: readonly InStatement[], payer?: string): Promise<Result<readonly PlainSet[], WriteFailure>>;
  compensate(shard: number, call: LedgerCall): Promise<void>;
};

/** The namespace of writing Durable Objects, one for each shard. The location hint only matters when an object is first created. */
export type WriterObjects = { getByName(name: string, options?: { readonly locationHint?: LocationHint }): WriterObject };

/** Where Cloudflare may place an object (developers.cloudflare.com/durable-objects/reference/data-location). */
export const LOCATION_HINTS = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'] as const;
export type LocationHint = (typeof LOCATION_HINTS)[number];

/** A replacement for a Durable Object that stopped is available at once, so it is asked again without a pause. */
const TRIES = 3;

/**
 * Longer than the longest wait in the object's queue (4.5 seconds, `WRITER_LIMITS`) plus its batch (five seconds, `CALL_POLICY`), so that
 * only a call that would never end is cut off.
 */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Creates the client of a shard's writer. An object that stops during a call may have carried it out; its replacement gets the same call
 * with the same id and returns the actual outcome.
 */
export function createObjectWriter(deps: {
  readonly objects: WriterObjects;
  readonly shard: number;
  readonly locationHint?: LocationHint | undefined;
}): LedgerWriter {
  const { objects, shard, locationHint } = deps;
  const ask = async <T>(what: (object: WriterObject) => Promise<Result<T, WriteFailure>>): Promise<Result<T, WriteFailure>> => {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      try {
        // A stub that failed once stays broken, so each try takes a new one.
        const object = objects.getByName(`shard-${shard}`, locationHint === undefined ? {} : { locationHint });
        const answer = await withTimeout(what(object), ANSWER_TIMEOUT_MS);
        if (answer === TIMED_OUT) break;
        // "busy" means that this try did nothing; an earlier try may have been carried out.
        if (!answer.ok && answer.error.kind === 'busy' && attempt > 1) break;
        return answer;
      } catch (failure) {
        // The object stopped before it answered: ask again, unless it is overloaded.
        if (failure instanceof Error && 'overloaded' in failure && failure.overloaded === true) break;
      }
    }
    return err({ kind: 'unreachable' });
  };
  return {
    submit: (call) => ask((object) => object.submit(shard, call)),
    run: (statements, payer) => ask((object) => object.run(shard, statements, payer)),
    async compensate(call) {
      await ask(async (object) => {
        await object.compensate(shard, call);
        return { ok: true, value: null };
      });
    },
  };
}
