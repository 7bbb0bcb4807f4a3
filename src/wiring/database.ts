import { createDatabase, type Database } from '../db/client.ts';
import type { Settings } from '../env.ts';
import type { Runtime } from './runtime.ts';

/** A connection for one request: see src/db/client.ts. */
export function connect(settings: Settings, runtime: Runtime): Database {
  return createDatabase({ url: settings.LIBSQL_URL, authToken: settings.LIBSQL_AUTH_TOKEN, fetch: runtime.fetch });
}
