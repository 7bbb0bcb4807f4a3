import type { InStatement } from '@libsql/client/web';
import { ok, type Result } from '../core/result.ts';
import { CALL_POLICY, callDatabase, type CallPolicy, type Unreachable } from './call.ts';
import type { Database } from './client.ts';

/**
 * Sends statements as one batch, which must be safe to repeat, and returns the rows of each. A batch that only reads goes past the writer's
 * queue, so that it takes no turn from writes.
 */
export type SendBatch = (
  statements: readonly InStatement[],
  mode?: 'read',
) => Promise<Result<readonly (readonly unknown[])[], Unreachable>>;

/** Creates the sender over one database. `policy` is for tests. */
export function createSendBatch({ client, policy = CALL_POLICY }: { readonly client: Database; readonly policy?: CallPolicy }): SendBatch {
  return async (statements, mode) => {
    const answer = await callDatabase(() => client.batch([...statements], mode ?? 'write'), policy);
    return answer.ok ? ok(answer.value.map((set) => set.rows)) : answer;
  };
}
