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

/** Accounts that read, each with a key: as many as the most callers, so that nobody waits for an account that somebody else uses. */
const ACCOUNTS = 256;

/** What each account may spend, in micro-credits: more than any run takes. */
const GRANT_MICRO_CREDITS = microCredits(100_000_000_000);

/** Signups sent at once. */
const SIGNUPS_AT_ONCE = 16;

/** Reads with it cost nothing and leave no line in the ledger: what is to be in the cache is read with it. */
export const OWNER_KEY = 'the-owner-key-of-the-benchmark';

/** Everything that a read needs: a real database with funded accounts, a provider that answers at once, and the Worker. */
export type Site = {
  /** The database's server, as it runs now. */
  sqld(): Sqld;
  readonly database: Database;
  readonly provider: InstantProvider;
  readonly keys: readonly string[];
  /** Starts another Worker of the same bundle, say with other settings. It shares nothing with the first but database and provider. */
  startWorker(
    name: string,
    options?: { readonly settings?: Readonly<Record<string, string>>; readonly isInspected?: boolean },
  ): Promise<Workerd>;
  /** Ends the database's server by force and starts it anew on the same port and data: one that takes no writes any more doesn't end by itself. */
  restartDatabase(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts the database and the provider in `folder`, and opens the accounts. */
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

/** Settings under which nothing but the read itself is measured: one provider, and no rate limit that could be met. */
function settingsFor(databaseUrl: string, providerUrl: string): Readonly<Record<string, string>> {
  return {
    LIBSQL_URL: databaseUrl,
    SCRAPECREATORS_BASE_URL: providerUrl,
    SCRAPECREATORS_API_KEY: 'bench',
    PROVIDER_ORDER_MEDIA: 'scrapecreators',
    CURSOR_SIGNING_SECRET: 'a secret of the benchmark, 32 or longer',
    RATE_LIMIT_SCALE: '1000000',
    OWNER_ADMIN_KEY_SHA256: createHash('sha256').update(OWNER_KEY).digest('hex'),
  };
}

/** Signs the accounts up as the API does: each grant is booked by the ledger's own procedure. */
async function openAccounts(client: Database): Promise<readonly string[]> {
  const accounts = createAccounts({ client, clock: () => Date.now(), ids: randomIds, signupGrant: GRANT_MICRO_CREDITS, shard: 0 });
  const keys: string[] = [];
  while (keys.length < ACCOUNTS) {
    const signups = Array.from({ length: SIGNUPS_AT_ONCE }, () => accounts.signUp({ accountName: 'Bench', keyName: 'bench' }));
    for (const signup of await Promise.all(signups)) {
      if (!signup.ok) throw new Error('the database did not take a signup');
      keys.push(signup.value.apiKey);
    }
  }
  return keys;
}
