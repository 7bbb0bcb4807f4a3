import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../ledger/payment-lifecycles.ts';
import type { Callers } from './process-callers.ts';
import type { Service } from './process-service.ts';

const seconds = 1_000;

/** The targets of faults. */
export type Stage = { readonly service: Service; readonly callers: Callers; readonly random: Random; readonly isLong: boolean };

/** A failure outside the service's own code. */
export type ProcessFault = {
  readonly name: string;
  readonly about: string;
  /** Whether paid reads must continue unaffected. */
  readonly isHarmless: boolean;
  /** Causes the failure and repairs it; resolves once repaired. */
  play(stage: Stage): Promise<void>;
};

/** The longest pause of a stopped process, like that of a swapping machine or a migrating disk. */
const LONGEST_STOP_MS = 8 * seconds;

/** How long to wait for a full disk to have an effect, and how often to check. */
const LONGEST_FILLING_MS = 15 * seconds;
const FELT_INTERVAL_MS = 100;

/** Resets in each wave, and the number of waves. */
const RESETS = { short: { sockets: 60, waves: 4 }, long: { sockets: 150, waves: 8 } } as const;

const SILENT_PROVIDER = [
  { path: '/v1/post?url=FaultSilent', shortcode: 'FaultSilent' },
  { path: '/v1/comments?url=FaultPgHang&limit=100', shortcode: 'FaultPgHang' },
  { path: '/v1/post?url=FaultSlow__', shortcode: 'FaultSlow__' },
] as const;

const SILENT_BOUNDARY = [
  { path: '/v1/reel?url=AchroHang__&parse=summary', shortcode: 'AchroHang__' },
  { path: '/v1/reel?url=AchroHang__&transcript=true&maxAgeSeconds=0', shortcode: 'AchroHang__' },
  { path: '/v1/reel?url=AchroSlow__&parse=json', shortcode: 'AchroSlow__' },
] as const;

export const PROCESS_FAULTS: readonly ProcessFault[] = [
  {
    name: 'workerd killed',
    about: 'kill -9 of workerd under load',
    isHarmless: false,
    play: async ({ service }) => service.killWorkerd(),
  },
  {
    name: 'database killed',
    about: 'kill -9 of sqld under load; it comes back on the same data after up to two seconds',
    isHarmless: false,
    play: async ({ service, random }) => {
      await service.killDatabase();
      await sleep(random.below(2 * seconds));
      await service.restartDatabase();
    },
  },
  {
    name: 'both killed',
    about: 'kill -9 of workerd and sqld at the same time',
    isHarmless: false,
    play: async ({ service }) => {
      const killed = service.killDatabase();
      service.killWorkerd();
      await killed;
      await service.restartDatabase();
    },
  },
  {
    name: 'database stopped',
    about: 'SIGSTOP of sqld for two to eight seconds',
    isHarmless: false,
    play: async ({ service, random, isLong }) => {
      service.signalDatabase('SIGSTOP');
      // The short version pauses a little longer than the service's own timeout.
      await sleep(isLong ? 2 * seconds + random.below(LONGEST_STOP_MS - 2 * seconds) : 6 * seconds);
      service.signalDatabase('SIGCONT');
    },
  },
  {
    name: 'disk full',
    about: "the database's disk is full",
    isHarmless: false,
    play: async ({ service, callers }) => {
      const filledAt = Date.now();
      service.fillDisk();
      // The database reuses the space of its journal, so a full disk only shows when a file must grow.
      const isFelt = () => callers.calls.some(({ startedAt, outcome }) => startedAt >= filledAt && outcome.kind === 'refused');
      while (!isFelt() && Date.now() - filledAt < LONGEST_FILLING_MS) await sleep(FELT_INTERVAL_MS);
      await sleep(2 * seconds);
      service.emptyDisk();
    },
  },
  {
    name: 'cache failing',
    about: 'the content cache (Workers KV) throws, then hangs',
    isHarmless: true,
    play: async ({ service }) => {
      for (const mode of ['throws', 'hangs', 'works'] as const) {
        await service.setBinding('CONTENT_CACHE', mode);
        if (mode !== 'works') await sleep(2 * seconds);
      }
    },
  },
  {
    name: 'counters failing',
    about: 'the Durable Objects of the rate limits and of the metrics throw, then hang',
    isHarmless: true,
    play: async ({ service }) => {
      for (const mode of ['throws', 'hangs', 'works'] as const) {
        await service.setBinding('RATE_LIMITS', mode);
        await service.setBinding('METRICS', mode);
        if (mode !== 'works') await sleep(2 * seconds);
      }
    },
  },
  {
    name: 'provider silent',
    about: 'a third of the reads are of posts for which the providers hang or are slow',
    isHarmless: false,
    play: ({ callers }) => askFor(callers, SILENT_PROVIDER),
  },
  {
    name: 'boundary silent',
    about: 'a third of the reads are of reels for which the gateway hangs or is slow',
    isHarmless: false,
    play: ({ callers }) => askFor(callers, SILENT_BOUNDARY),
  },
  {
    name: 'everyone else stopped',
    about: 'SIGSTOP of all fakes: providers, gateway and Stripe accept connections and never answer',
    isHarmless: false,
    play: async ({ service, random }) => {
      service.signalFakes('SIGSTOP');
      // Longer than a read's deadline, so that it is reached.
      await sleep(7 * seconds + random.below(2 * seconds));
      service.signalFakes('SIGCONT');
    },
  },
  {
    name: 'connections reset',
    about: 'many callers reset their connections during reads at the same time',
    isHarmless: false,
    play: async ({ callers, isLong }) => {
      const customer = await callers.signUp();
      const { sockets, waves } = RESETS[isLong ? 'long' : 'short'];
      for (let wave = 0; wave < waves; wave++) await callers.hangUpOn(customer, sockets);
    },
  },
];

async function askFor(callers: Callers, reads: Callers['brokenReads']): Promise<void> {
  callers.brokenReads = reads;
  // Longer than a read's deadline, so that it is reached.
  await sleep(7 * seconds);
  callers.brokenReads = [];
}
