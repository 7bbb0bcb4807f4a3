import type { Clock } from '../../src/core/clock.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { Payloads } from '../payloads.ts';
import { readRecordingMap } from '../recording-map.ts';
import { type Recordings, readRecordings } from '../recordings.ts';
import { createSamples } from '../samples/samples.ts';
import { achrononFake, SANDBOX_PATH } from './achronon.ts';
import { apifyFake } from './apify.ts';
import { hikerapiFake } from './hikerapi.ts';
import { instagramFake } from './instagram.ts';
import { scrapecreatorsFake } from './scrapecreators.ts';
import { type Call, type Reply, serve, type FakeServer } from './server.ts';
import { stripeFake } from './stripe.ts';

const FAKE_IDS = ['apify', 'hikerapi', 'scrapecreators', 'instagram', 'achronon', 'stripe'] as const;
export type FakeId = (typeof FAKE_IDS)[number];

export type Fakes = {
  readonly baseUrls: Readonly<Record<FakeId, string>>;
  readonly ports: Readonly<Record<FakeId, number>>;
  readonly payloads: Payloads;
  /** The content of the folder of recordings; null when samples are served. */
  readonly recordings: Recordings | null;
  /** Frees all ports and closes open connections. */
  stop(): Promise<void>;
};

/**
 * Starts all fakes on the loopback interface, at the requested ports where these are free. Serves the project's samples without a folder.
 * An unreadable folder or an unsuitable map fails with one sentence.
 */
export async function startFakes(options: {
  readonly recordingsFolder?: string;
  /** Assigns recordings that do not name their post. */
  readonly mapFile?: string;
  readonly ports?: Partial<Readonly<Record<FakeId, number>>>;
  readonly clock?: Clock;
  /** Where the fake Stripe sends its events; without it they are only kept. */
  readonly webhookUrl?: string;
}): Promise<Result<Fakes, string>> {
  const clock = options.clock ?? Date.now;
  const map = options.mapFile === undefined ? ok({}) : readRecordingMap(options.mapFile);
  if (!map.ok) return map;
  const recordings = options.recordingsFolder === undefined ? ok(null) : readRecordings(options.recordingsFolder, map.value);
  if (!recordings.ok) return recordings;
  const payloads = recordings.value?.payloads ?? createSamples(clock);
  const handlers: Readonly<Record<FakeId, (call: Call) => Reply>> = {
    apify: apifyFake({ payloads, clock }),
    hikerapi: hikerapiFake({ payloads, clock }),
    scrapecreators: scrapecreatorsFake({ payloads, clock }),
    instagram: instagramFake(payloads),
    achronon: achrononFake(),
    stripe: stripeFake({ clock, webhookUrl: options.webhookUrl ?? null }),
  };
  const start = (id: FakeId) => serve({ name: id, port: options.ports?.[id] ?? 0, handle: handlers[id] });
  const servers: Readonly<Record<FakeId, FakeServer>> = {
    apify: await start('apify'),
    hikerapi: await start('hikerapi'),
    scrapecreators: await start('scrapecreators'),
    instagram: await start('instagram'),
    achronon: await start('achronon'),
    stripe: await start('stripe'),
  };
  return ok({
    baseUrls: { ...everyFake((id) => servers[id].baseUrl), achronon: `${servers.achronon.baseUrl}${SANDBOX_PATH}` },
    ports: everyFake((id) => servers[id].port),
    payloads,
    recordings: recordings.value,
    stop: async () => {
      await Promise.all(FAKE_IDS.map((id) => servers[id].stop()));
    },
  });
}

function everyFake<T>(make: (id: FakeId) => T): Readonly<Record<FakeId, T>> {
  return {
    apify: make('apify'),
    hikerapi: make('hikerapi'),
    scrapecreators: make('scrapecreators'),
    instagram: make('instagram'),
    achronon: make('achronon'),
    stripe: make('stripe'),
  };
}
