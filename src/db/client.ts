import { type Client, createClient } from '@libsql/client/web';

/** Tests inject `fetch` to count or break requests. */
export type DatabaseOptions = {
  readonly url: string;
  readonly authToken?: string | undefined;
  readonly fetch?: typeof globalThis.fetch;
};

/** A libSQL client over HTTP: one batch is one request, and no connection stays open between them. */
export type Database = Pick<Client, 'batch' | 'execute'>;

/**
 * Creates a client for one request; costs no network. Never keep one in a module: its queue holds promises of the request that made it, and
 * workerd then hangs every later request of the isolate. Accepts http, https and libsql URLs. ws and wss are used as http and https,
 * because requests cannot share a socket either.
 */
export function createDatabase(options: DatabaseOptions): Client {
  return createClient({
    url: options.url.replace(/^ws(s?):/, 'http$1:'),
    // Integers beyond 2^53 throw instead of being rounded.
    intMode: 'number',
    ...(options.authToken === undefined ? {} : { authToken: options.authToken }),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
}
