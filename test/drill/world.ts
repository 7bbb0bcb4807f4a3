import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { freePort, type Sqld, startSqld } from '../../local/sqld.ts';
import { type Fakes, startFakes } from '../../local/fakes/fakes.ts';
import type { Env, Settings } from '../../src/env.ts';
import { withTimeout } from '../../src/core/timeout.ts';
import { manualClock, serverDatabase } from '../support/database.ts';
import { fakeSettings } from '../support/settings.ts';
import { DATABASE } from './failpoint.ts';

/** An event of Stripe, with its number of delivery attempts. */
export type Letter = { readonly body: string; tries: number };

/** Small enough that some customers run out. */
export const GRANT_MICRO_CREDITS = 1_500_000;

/** The time the fakes may take to stop. */
const LONGEST_STOP_MS = 5_000;

/** Workers KV as the cache uses it, including expiry. */
class DrillKv {
  readonly #values = new Map<string, { readonly text: string; readonly expiresAt: number }>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  async get(key: string): Promise<string | null> {
    const kept = this.#values.get(key);
    return kept === undefined || kept.expiresAt <= this.#clock() ? null : kept.text;
  }

  async put(key: string, text: string, { expirationTtl }: { readonly expirationTtl: number }): Promise<void> {
    this.#values.set(key, { text, expiresAt: this.#clock() + expirationTtl * 1_000 });
  }
}

/** The service's environment: a real libSQL server, the fakes, a key-value store, and a clock. */
export class World {
  readonly clock: ReturnType<typeof manualClock>;
  readonly database: Client;
  readonly settings: Partial<Record<keyof Settings, string>>;
  /** The bindings other than Durable Objects. */
  readonly bindings: Readonly<Record<string, object>>;
  readonly stripeUrl: string;
  /** Undelivered events of Stripe. */
  readonly letters: Letter[];
  readonly #places: ReadonlyMap<string, string>;
  readonly #stop: () => Promise<void>;

  constructor(parts: {
    readonly clock: World['clock'];
    readonly database: Client;
    readonly sqld: Sqld;
    readonly fakes: Fakes;
    readonly letters: Letter[];
    readonly stop: () => Promise<void>;
  }) {
    const { clock, database, sqld, fakes, letters, stop } = parts;
    this.clock = clock;
    this.database = database;
    this.letters = letters;
    this.stripeUrl = fakes.baseUrls.stripe;
    this.settings = {
      ...fakeSettings(fakes),
      LIBSQL_URL: sqld.url,
      SIGNUP_GRANT_MICRO_CREDITS: String(GRANT_MICRO_CREDITS),
      RATE_LIMIT_SCALE: '1000000',
    };
    // safe because the cache uses get and put alone, and nothing here asks for assets
    this.bindings = { CONTENT_CACHE: new DrillKv(clock), ASSETS: {} } satisfies Partial<Record<keyof Env, object>>;
    const hosts = Object.entries(fakes.baseUrls).map(([name, url]) => [new URL(url).host, name] as const);
    this.#places = new Map([[new URL(sqld.url).host, DATABASE], ...hosts]);
    this.#stop = stop;
  }

  /** The name of a URL's target. Throws for an unknown target. */
  placeOf(url: string): string {
    const place = this.#places.get(new URL(url).host);
    if (place === undefined) throw new Error('a request was sent to an unknown host');
    return place;
  }

  /** Stops everything and deletes the data. */
  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Starts the environment. */
export async function startWorld(): Promise<World> {
  const clock = manualClock();
  const dataDir = mkdtempSync(join(tmpdir(), 'igskill-drill-'));
  const forget = () => rmSync(dataDir, { recursive: true, force: true });
  process.once('exit', forget);
  const letters: Letter[] = [];
  const post = await openPostBox(letters);
  const fakes = await startFakes({ clock, webhookUrl: post.url });
  if (!fakes.ok) throw new Error(fakes.error);
  const sqld = await startSqld({ dataDir, port: await freePort() });
  const stop = async () => {
    post.server.close();
    post.server.closeAllConnections();
    // After an error requests may still be running, and a connection may not close.
    await withTimeout(fakes.value.stop(), LONGEST_STOP_MS);
    await sqld.stop();
    forget();
    process.off('exit', forget);
  };
  return new World({ clock, database: await serverDatabase(sqld.url), sqld, fakes: fakes.value, letters, stop });
}

/** Receives the events of the fake Stripe, for delivery when the test chooses. */
async function openPostBox(letters: Letter[]): Promise<{ readonly server: Server; readonly url: string }> {
  const port = await freePort();
  const server = createServer((req, res) => {
    const pieces: Uint8Array[] = [];
    req.on('data', (piece: Uint8Array) => pieces.push(piece));
    req.on('end', () => {
      letters.push({ body: new TextDecoder().decode(Buffer.concat(pieces)), tries: 0 });
      res.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${port}` };
}
