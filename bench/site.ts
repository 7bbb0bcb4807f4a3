import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { migrateDatabase } from '../local/migrate.ts';
import { freePort, type Sqld, startSqld } from '../local/sqld.ts';
import { createAccounts } from '../src/billing/accounts/libsql-accounts.ts';
import { createDatabase, type Database } from '../src/db/client.ts';
import { randomIds } from '../src/core/ids.ts';
import { microCredits } from '../src/core/money.ts';
import type { Bundle } from './build.ts';
import { type InstantProvider, startProvider } from './provider.ts';
import { startWorkerd, type Workerd } from './workerd.ts';

/** One account with a key for each of the most callers, so that no caller waits for another's account. */
const ACCOUNTS = 256;

/** More than any run spends. */
const GRANT_MICRO_CREDITS = microCredits(100_000_000_000);

const SIGNUPS_AT_ONCE = 16;

/** Fills the cache: reads with this key are free and leave no entry in the ledger. */
export const OPERATOR_KEY = 'the-owner-key-of-the-benchmark';

/** What a read needs: a real database with funded accounts, a provider without latency, and the Worker. */
export type Site = {
  /** The current server of the database. */
  sqld(): Sqld;
  readonly database: Database;
  readonly provider: InstantProvider;
  readonly keys: readonly string[];
  /** Starts another Worker of the same bundle. It shares only the database and the provider with the first. */
  startWorker(
    name: string,
    options?: { readonly settings?: Readonly<Record<string, string>>; readonly isInspected?: boolean },
  ): Promise<Workerd>;
  /** Kills the database's server and restarts it on the same port and data: a server that accepts no more writes does not end by itself. */
  restartDatabase(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts the database and the provider in `folder`, and creates the accounts. */
export async function openSite(bundle: Bundle, folder: string): Promise<Site> {
  const [dataDir, port] = [join(folder, 'database'), await freePort()];
  let sqld = await startSqld({ dataDir, port });
  const database = createDatabase({ url: sqld.url });
  await migrateDatabase(database);
  const provider = await startProvider();
  const workers: Workerd[] = [];
  return {
    sqld: () => sqld,
    database,
    provider,
    keys: await openAccounts(database),
    async startWorker(name, options = {}) {
      const settings = { ...settingsFor(sqld.url, provider.url), ...options.settings };
      const stateFolder = join(folder, name);
      const { isInspected = false } = options;
      const worker = await startWorkerd({ bundle, entrypoint: 'direct', settings, stateFolder, isInspected });
      workers.push(worker);
      return worker;
    },
    async restartDatabase() {
      process.kill(sqld.pid, 'SIGKILL');
      await sqld.ended;
      sqld = await startSqld({ dataDir, port });
    },
    async stop() {
      for (const worker of workers) await worker.stop();
      provider.stop();
      database.close();
      await sqld.stop();
    },
  };
}

/** Settings that measure only the read: one provider, and no reachable rate limit. */
function settingsFor(databaseUrl: string, providerUrl: string): Readonly<Record<string, string>> {
  return {
    LIBSQL_URL: databaseUrl,
    SCRAPECREATORS_BASE_URL: providerUrl,
    SCRAPECREATORS_API_KEY: 'bench',
    PROVIDER_ORDER_MEDIA: 'scrapecreators',
    CURSOR_SIGNING_SECRET: 'a secret of the benchmark, 32 or longer',
    RATE_LIMIT_SCALE: '1000000',
    OWNER_ADMIN_KEY_SHA256: createHash('sha256').update(OPERATOR_KEY).digest('hex'),
  };
}

/** Signs the accounts up like the API, so that the ledger books each grant. */
async function openAccounts(client: Database): Promise<readonly string[]> {
  const accounts = createAccounts({ client, clock: () => Date.now(), ids: randomIds, signupGrant: GRANT_MICRO_CREDITS, shard: 0 });
  const keys: string[] = [];
  while (keys.length < ACCOUNTS) {
    const signups = Array.from({ length: SIGNUPS_AT_ONCE }, () => accounts.signUp({ accountName: 'Bench', keyName: 'bench' }));
    for (const signup of await Promise.all(signups)) {
      if (!signup.ok) throw new Error('the database refused a signup');
      keys.push(signup.value.apiKey);
    }
  }
  return keys;
}
