import { type Client, createClient } from '@libsql/client/web';

/** Where the database is. `fetch` is handed in by tests that count or break requests. */
export type DatabaseOptions = {
  readonly url: string;
  readonly authToken?: string | undefined;
  readonly fetch?: typeof globalThis.fetch;
};

/** A connection to libSQL. It speaks HTTP, where one batch is one request and nothing stays open in between. */
export type Database = Pick<Client, 'batch' | 'execute'>;

/**
 * Makes a client for one request; making it costs no network. Never keep one in a module: a client's queue holds promises of the
 * request that made it, and workerd then hangs every later request of the isolate.
 * Takes http, https and libsql URLs; ws and wss are spoken as http and https, because a socket can't be shared by requests either.
 */
export function createDatabase(options: DatabaseOptions): Client {
  return createClient({
    url: options.url.replace(/^ws(s?):/, 'http$1:'),
    // Whole numbers beyond 2^53 throw instead of being rounded.
    intMode: 'number',
    ...(options.authToken === undefined ? {} : { authToken: options.authToken }),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
}
