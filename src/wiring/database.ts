import { createLedger } from '../billing/ledger/libsql-ledger.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import { createLedgerWriter, WRITER_LIMITS } from '../billing/writer/ledger-writer.ts';
import type { LedgerWriter } from '../billing/ledger/writer.ts';
import { createObjectWriter } from '../billing/writer/durable-object-client.ts';
import { createQueuedDatabase } from '../billing/writer/queued-database.ts';
import { createDatabase, type Database } from '../db/client.ts';
import type { Env, Settings } from '../env.ts';
import { type Runtime, settingsFrom, workerd } from './runtime.ts';

export type Shard = {
  readonly number: number;
  readonly client: Database;
  readonly ledger: Ledger;
  /** Says for which account the writes of this request take turns of the writer. */
  readonly attribute: (accountId: string) => void;
};

export function shardCount(settings: Settings): number {
  return 1 + settings.LIBSQL_SHARDS.length;
}

/** Opens a shard for a request: reads go straight to the database, all writes through the shard's single writer. */
export function openShard(settings: Settings, env: Env, shard: number, runtime: Runtime): Shard {
  const locationHint = settings.LEDGER_LOCATION_HINT;
  const writer = createObjectWriter({ objects: env.LEDGER, shard, locationHint });
  let payer: string | undefined;
  const attribute = (accountId: string) => void (payer = accountId);
  const client = createQueuedDatabase(
    () => connect(settings, shard, runtime),
    writer,
    () => payer,
  );
  return { number: shard, client, ledger: createLedger({ client, clock: runtime.clock, writer }), attribute };
}

/** Creates a shard's writer for the object that owns it. Throws while settings are missing; no call gets that far. */
export function writerFor(env: Env, shard: number, runtime: Runtime = workerd, limits = WRITER_LIMITS): LedgerWriter {
  const settings = settingsFrom(env);
  if (!settings.ok) throw new Error('the settings are not complete');
  return createLedgerWriter({ connect: () => connect(settings.value, shard, runtime), clock: runtime.clock, limits });
}

/**
 * Opens a connection for one request or batch (see src/db/client.ts). A shard without a token uses that of the first. Throws when the shard
 * is not configured.
 */
export function connect(settings: Settings, shard: number, runtime: Pick<Runtime, 'fetch'>): Database {
  const { LIBSQL_URL: url, LIBSQL_AUTH_TOKEN: authToken, LIBSQL_SHARDS: others } = settings;
  const place = shard === 0 ? { url } : others[shard - 1];
  if (place === undefined) throw new RangeError('there is no such shard');
  return createDatabase({ authToken, ...place, fetch: runtime.fetch });
}
