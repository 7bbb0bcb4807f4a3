import type { InStatement } from '@libsql/client/web';
import { inTime, LATE } from '../../core/timeout.ts';
import { err, type Result } from '../../core/result.ts';
import type { Found } from '../ledger/batch.ts';
import type { LedgerCall } from '../ledger/commands.ts';
import type { LedgerWriter, PlainSet, WriteFailure } from '../ledger/writer.ts';

/** One object that writes, as a request sees it. `shard` tells it which database is its own. */
export type WriterObject = {
  submit(shard: number, call: LedgerCall): Promise<Result<Found, WriteFailure>>;
  run(shard: number, statements: readonly InStatement[]): Promise<Result<readonly PlainSet[], WriteFailure>>;
  abandon(shard: number, call: LedgerCall): Promise<void>;
};

/** The Durable Objects that write: one for each shard. The place is where one is made first, and means nothing after that. */
export type WriterObjects = { getByName(name: string, options?: { readonly locationHint?: LocationHint }): WriterObject };

/** Where Cloudflare may place an object (developers.cloudflare.com/durable-objects/reference/data-location). */
export const LOCATION_HINTS = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'] as const;
export type LocationHint = (typeof LOCATION_HINTS)[number];

/** How often an object is asked that ended, or never began, in the middle: a new one is there at once. */
const TRIES = 3;

/**
 * Longer than an object lets anything wait (twice two seconds and half of one, `WRITER_LIMITS`) and be sent (five, `CALL_POLICY`), so that
 * this only ends what would never end. Milliseconds.
 */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * The writer of a shard, from outside. An object that ends in the middle of a call may have carried it out; the new one is sent the same
 * call with the same id, and finds what became of it.
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
        // A stub that has failed once stays broken, so each try takes a new one.
        const object = objects.getByName(`shard-${shard}`, locationHint === undefined ? {} : { locationHint });
        const answer = await inTime(what(object), ANSWER_TIMEOUT_MS);
        if (answer === LATE) break;
        // "Busy" says that nothing was done, which the object can only say of this try: one before it may have been carried out.
        if (!answer.ok && answer.error.kind === 'busy' && attempt > 1) break;
        return answer;
      } catch (failure) {
        // The object ended before it answered and is asked again. One with too many requests is left alone.
        if (failure instanceof Error && 'overloaded' in failure && failure.overloaded === true) break;
      }
    }
    return err({ kind: 'unreachable' });
  };
  return {
    submit: (call) => ask((object) => object.submit(shard, call)),
    run: (statements) => ask((object) => object.run(shard, statements)),
    async abandon(call) {
      await ask(async (object) => {
        await object.abandon(shard, call);
        return { ok: true, value: null };
      });
    },
  };
}
