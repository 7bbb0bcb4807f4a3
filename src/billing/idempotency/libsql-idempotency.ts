import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { err, ok } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase } from '../../db/call.ts';
import { claimedOf, FAILURE_WINDOW_MS, replayOf } from './rows.ts';
import * as statement from './statements.ts';
import { IDEMPOTENCY_TTL_MS, type IdempotencyStore, type IdempotentCall } from './idempotency.ts';

const OwnRow = z.array(z.object({ request_id: z.string() })).max(1);

/** Each call is one batch and one HTTP request. `policy` is for tests. */
export function createIdempotencyStore(deps: {
  readonly client: Database;
  readonly clock: Clock;
  readonly policy?: CallPolicy;
}): IdempotencyStore {
  const { client, clock, policy = CALL_POLICY } = deps;
  const claimIn = ({ scope, requestId: id, fingerprint }: IdempotentCall, rows: unknown, now: number) => {
    const accountId = scope === 'signup' ? null : scope;
    return claimedOf(replayOf(rows), { id, fingerprint }, { accountId, keyId: null, available: null }, now);
  };
  return {
    async look(request) {
      const answer = await callDatabase(() => client.execute(statement.readReplay(request.scope, request.digest)), policy);
      if (!answer.ok) return answer;
      const claimed = claimIn(request, answer.value.rows, clock());
      return claimed === null ? ok('free') : err(claimed);
    },

    async claim(request, ttlMs) {
      const { scope, digest, fingerprint, requestId } = request;
      const now = clock();
      const answer = await callDatabase(
        () =>
          client.batch(
            [
              statement.forgetOver(scope, digest, now),
              statement.claimOnce({ scope, digest, fingerprint, requestId, now, expiresAt: now + ttlMs }),
              statement.readReplay(scope, digest),
            ],
            'write',
          ),
        policy,
      );
      if (!answer.ok) return answer;
      const claimed = claimIn(request, answer.value[2]?.rows, now);
      return claimed === null ? ok('claimed') : err(claimed);
    },

    async keep({ scope, digest, requestId }, kept) {
      const expiresAt = clock() + IDEMPOTENCY_TTL_MS;
      const answer = await callDatabase(
        () =>
          client.batch(
            [statement.answerClaim(scope, digest, requestId, { ...kept, expiresAt }), statement.readReplay(scope, digest)],
            'write',
          ),
        policy,
      );
      return answer.ok && OwnRow.parse(answer.value[1]?.rows)[0]?.request_id === requestId;
    },

    async drop({ scope, digest, requestId }) {
      await callDatabase(() => client.batch([statement.dropClaim(scope, digest, requestId)], 'write'), policy);
    },

    async sweep(page) {
      const now = clock();
      const answer = await callDatabase(
        () => client.batch([statement.sweepReplays(now, page), statement.sweepFailing(now - FAILURE_WINDOW_MS, page)], 'write'),
        policy,
      );
      if (!answer.ok) return answer;
      return ok({ deleted: answer.value.reduce((total, set) => total + set.rowsAffected, 0) });
    },
  };
}
