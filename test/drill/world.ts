import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { freePort, type Sqld, startSqld } from '../../local/sqld.ts';
import { type StandIns, startStandIns } from '../../local/stand-ins/stand-ins.ts';
import type { Env, Settings } from '../../src/env.ts';
import { inTime } from '../../src/core/timeout.ts';
import { manualClock, serverDatabase } from '../support/database.ts';
import { standInSettings } from '../support/settings.ts';
import { DATABASE } from './failpoint.ts';

/** An event as Stripe wants it delivered, and how often that was tried. */
export type Letter = { readonly body: string; tries: number };

/** A customer's first credit. Small enough that some run out of it. Micro-credits. */
export const GRANT_MICRO_CREDITS = 1_500_000;

/** So long the stand-ins may take to stop. Milliseconds. */
const LONGEST_STOP_MS = 5_000;

/** Workers KV as far as the cache uses it, with its promise to forget what has expired. */
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

/** What is around the service and doesn't fail by itself: a real libSQL server, the stand-ins, a store, and time. */
export class World {
  readonly clock: ReturnType<typeof manualClock>;
  readonly database: Client;
  readonly settings: Partial<Record<keyof Settings, string>>;
  /** The bindings that are not Durable Objects. */
  readonly bindings: Readonly<Record<string, object>>;
  readonly stripeUrl: string;
  /** Events that are on their way from Stripe. */
  readonly letters: Letter[];
  readonly #places: ReadonlyMap<string, string>;
  readonly #stop: () => Promise<void>;

  constructor(parts: {
    readonly clock: World['clock'];
    readonly database: Client;
    readonly sqld: Sqld;
    readonly standIns: StandIns;
    readonly letters: Letter[];
    readonly stop: () => Promise<void>;
  }) {
    const { clock, database, sqld, standIns, letters, stop } = parts;
    this.clock = clock;
    this.database = database;
    this.letters = letters;
    this.stripeUrl = standIns.baseUrls.stripe;
    this.settings = {
      ...standInSettings(standIns),
      LIBSQL_URL: sqld.url,
      SIGNUP_GRANT_MICRO_CREDITS: String(GRANT_MICRO_CREDITS),
      RATE_LIMIT_SCALE: '1000000',
    };
    // safe because the cache uses get and put alone, and nothing here asks for assets
    this.bindings = { CONTENT_CACHE: new DrillKv(clock), ASSETS: {} } satisfies Partial<Record<keyof Env, object>>;
    const hosts = Object.entries(standIns.baseUrls).map(([name, url]) => [new URL(url).host, name] as const);
    this.#places = new Map([[new URL(sqld.url).host, DATABASE], ...hosts]);
    this.#stop = stop;
  }

  /** What a URL leads to, by name. Throws where the service asks somebody it should not know. */
  placeOf(url: string): string {
    const place = this.#places.get(new URL(url).host);
    if (place === undefined) throw new Error('a request left for a host that nobody has set up');
    return place;
  }

  /** Stops everything and deletes the data. */
  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Starts a world. Throws when something can't be started. */
export async function startWorld(): Promise<World> {
  const clock = manualClock();
  const dataDir = mkdtempSync(join(tmpdir(), 'igskill-drill-'));
  const forget = () => rmSync(dataDir, { recursive: true, force: true });
  process.once('exit', forget);
  const letters: Letter[] = [];
  const post = await openPostBox(letters);
  const standIns = await startStandIns({ clock, webhookUrl: post.url });
  if (!standIns.ok) throw new Error(standIns.error);
  const sqld = await startSqld({ dataDir, port: await freePort() });
  const stop = async () => {
    post.server.close();
    post.server.closeAllConnections();
    // After an error requests are still under way, and some connection may not let go.
    await inTime(standIns.value.stop(), LONGEST_STOP_MS);
    await sqld.stop();
    forget();
    process.off('exit', forget);
  };
  return new World({ clock, database: await serverDatabase(sqld.url), sqld, standIns: standIns.value, letters, stop });
}

/** Where the stand-in for Stripe sends its events: they are taken in at once, and brought to the service as the drill wants. */
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
