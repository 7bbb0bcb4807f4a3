import { describe, expect, test, vi } from 'vitest';
import { createCoalescingClient } from '../../../src/coalescing/client.ts';
import { COALESCER_LIMITS } from '../../../src/coalescing/coalescer.ts';
import {
  bucketOf,
  createReadCoalescer,
  type DirectSources,
  type ReadCoalescer,
  coalescingKey,
  type CoalescableRequest,
  type ReadCoalescers,
} from '../../../src/coalescing/read-coalescer.ts';
import {
  createSharedComments,
  createSharedMedia,
  createSharedParser,
  createSharedTranscriber,
  createSharedTranscripts,
} from '../../../src/coalescing/shared-sources.ts';
import { assembleMedia } from '../../../src/instagram/media.ts';
import type { MediaFailure } from '../../../src/providers/failover.ts';
import type { UpstreamReceipt } from '../../../src/providers/provider.ts';
import type { Budget } from '../../../src/net/deadline.ts';
import { err, ok, type Result } from '../../../src/core/result.ts';
import { mediaRequest } from '../parse/requests.ts';
import { NOW, target } from '../providers/answers.ts';

const SECOND_MS = 1_000;
const value = assembleMedia({
  shortcode: 'AAAAAAA',
  id: '31',
  type: 'image',
  owner: {},
  metrics: {},
  assets: [],
  children: null,
  flags: {},
});
const receipt: UpstreamReceipt = {
  provider: 'apify',
  endpoint: '/x',
  billedUnit: 'result',
  billedUnits: 1,
  resultCount: 1,
  estimatedCostMicros: 5,
  latencyMs: 1,
  httpStatus: 200,
};
const delivery = { value, provider: 'apify', billedUnit: 'result', resultCount: 1, attempts: [receipt] } as const;
const failure = (kind: MediaFailure['kind']): MediaFailure => ({ kind, failed: [], attempts: [receipt] });

/** Sources that record what they are asked and answer as the test decides. */
function upstream(media: (budget: Budget, call: number) => Promise<Result<typeof delivery, MediaFailure>>) {
  const asked: string[] = [];
  /** Nothing completes before this is called. */
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const batch = { comments: [], shortfall: 'end_of_thread', next: null, order: 'unknown', repliesIncomplete: false } as const;
  const direct: DirectSources = {
    media: {
      providers: ['apify'],
      fetchMedia: async (_target, budget) => {
        const call = asked.push('media');
        await released;
        return media(budget, call);
      },
    },
    comments: {
      providers: ['apify'],
      fetchComments: async () => {
        asked.push('comments');
        await released;
        return ok({ value: batch, provider: 'apify', billedUnit: 'result', resultCount: 0, attempts: [receipt] });
      },
    },
    transcripts: {
      providers: ['apify'],
      fetchTranscript: async () => {
        asked.push('transcript');
        await released;
        return ok({ value: { kind: 'no_speech' }, provider: 'apify', attempts: [receipt] });
      },
    },
    transcriber: {
      configured: true,
      model: 'auto',
      transcribe: async () => {
        asked.push('hosted');
        await released;
        return ok({ text: 'words', language: null, segments: null, model: 'm' });
      },
    },
    parser: {
      configured: true,
      model: 'auto',
      promptVersion: () => 'p1',
      parse: async () => {
        asked.push('parse');
        await released;
        return ok({ output: { a: 1 }, model: 'm', promptVersion: 'p1' });
      },
    },
  };
  return { direct, asked, release };
}

/** One object per name, like the Durable Objects; `joined` records the name of each call. */
function fakeCoalescers(direct: DirectSources, clock: () => number): ReadCoalescers & { readonly joined: string[] } {
  const known = new Map<string, ReadCoalescer>();
  const joined: string[] = [];
  return {
    joined,
    getByName: (name) => {
      joined.push(name);
      const coalescer = known.get(name) ?? createReadCoalescer(() => direct, clock);
      known.set(name, coalescer);
      return coalescer;
    },
  };
}

const now = () => NOW;
const maxCostMicros = 10_000_000;
const budget = { deadlineAt: NOW + 25 * SECOND_MS, maxCostMicros };
const ordersMoney = { maxCostMicros: { comments: maxCostMicros, replies: maxCostMicros } };

describe('a shared source', () => {
  test('makes one upstream call for identical parallel requests, and attributes it to one of them', async () => {
    const { direct, asked, release } = upstream(async () => ok(delivery));
    const coalescers = fakeCoalescers(direct, now);
    const coalesce = createCoalescingClient({ coalescers, clock: now, beganAt: NOW, account: 'one', salt: 'a secret' });
    const media = createSharedMedia(direct.media, coalesce);
    const comments = createSharedComments(direct.comments, coalesce);
    const transcripts = createSharedTranscripts(direct.transcripts, coalesce);
    const transcriber = createSharedTranscriber(direct.transcriber, coalesce);
    const parser = createSharedParser(direct.parser, coalesce);
    const order = { limit: 20, includeReplies: false, position: null, ...ordersMoney } as const;
    const video = { mediaId: '1', shortcode: 'AAAAAAA', mediaUrl: 'https://example.com/v.mp4', durationSeconds: 3 };
    const running = Promise.all(
      Array.from({ length: 10 }, () =>
        Promise.all([
          media.fetchMedia(target('AAAAAAA'), budget),
          comments.fetchComments(target('AAAAAAA'), order, null, null, budget),
          transcripts.fetchTranscript(target('AAAAAAA'), 3, budget),
          transcriber.transcribe(video, 'k', budget),
          parser.parse(mediaRequest('summary'), 'k', budget),
        ]),
      ),
    );
    await vi.waitUntil(() => coalescers.joined.length === 50);
    release();
    const rounds = await running;
    expect([...asked].sort()).toEqual(['comments', 'hosted', 'media', 'parse', 'transcript']);
    const results = rounds.flat();
    expect(results.every((result) => result.ok)).toBe(true);
    const booked = results.flatMap((result) => (result.ok && 'attempts' in result.value ? result.value.attempts : []));
    expect(booked).toEqual([receipt, receipt, receipt]);
    const joined = results.filter((result) => result.ok && result.value.coalescing?.joined === true);
    expect(joined).toHaveLength(45);
  });

  test('fails all followers of a failed run, and attributes its calls to one caller', async () => {
    const { direct, asked, release } = upstream(async () => err(failure('server_error')));
    const coalescers = fakeCoalescers(direct, now);
    const media = createSharedMedia(
      direct.media,
      createCoalescingClient({ coalescers, clock: now, beganAt: NOW, account: 'one', salt: 'a secret' }),
    );
    const running = Promise.all(Array.from({ length: 5 }, () => media.fetchMedia(target('AAAAAAA'), budget)));
    await vi.waitUntil(() => coalescers.joined.length === 5);
    release();
    const results = await running;
    expect(asked).toHaveLength(1);
    expect(results.map((result) => (result.ok ? 'ok' : result.error.kind))).toEqual(Array.from({ length: 5 }, () => 'server_error'));
    expect(results.flatMap((result) => (result.ok ? [] : result.error.attempts))).toEqual([receipt]);
  });

  test('calls the provider directly when the coalescer is unreachable, and not at all when it is overloaded', async () => {
    const { direct, asked, release } = upstream(async () => ok(delivery));
    release();
    const broken = (error: Error) =>
      createCoalescingClient({
        coalescers: {
          getByName: () => ({
            coalesce: async () => {
              throw error;
            },
          }),
        },
        clock: now,
        beganAt: NOW,
        account: 'one',
        salt: 'a secret',
      });
    const alone = await createSharedMedia(direct.media, broken(new Error('no route'))).fetchMedia(target('AAAAAAA'), budget);
    expect(alone).toEqual(ok(delivery));
    const overloaded = Object.assign(new Error('queue full'), { overloaded: true });
    const refused = await createSharedMedia(direct.media, broken(overloaded)).fetchMedia(target('AAAAAAA'), budget);
    expect(refused).toEqual(err({ kind: 'overloaded', failed: [], attempts: [] }));
    expect(
      await createSharedTranscriber(direct.transcriber, broken(overloaded)).transcribe(
        { mediaId: '1', shortcode: 'AAAAAAA', mediaUrl: '', durationSeconds: 1 },
        'k',
        budget,
      ),
    ).toEqual(err({ kind: 'rate_limited' }));
    expect(asked).toEqual(['media']);
  });

  test('calls the provider directly when the object has no room, or the account no share of it left', async () => {
    const { direct, asked, release } = upstream(async () => ok(delivery));
    const one: ReadCoalescer = createReadCoalescer(() => direct, now);
    const mediaOf = (account: string) =>
      createSharedMedia(
        direct.media,
        createCoalescingClient({ coalescers: { getByName: () => one }, clock: now, beganAt: NOW, account, salt: '' }),
      );
    const code = (index: number) => target(`AAAA${String(index).padStart(3, '0')}`);
    const greedy = mediaOf('greedy');
    const runs = Array.from({ length: 300 }, (_none, index) => greedy.fetchMedia(code(index), budget));
    await vi.waitUntil(() => asked.length === 300);
    const other = [mediaOf('other').fetchMedia(code(400), budget), mediaOf('another').fetchMedia(code(400), budget)];
    await vi.waitUntil(() => asked.length === 301);
    release();
    const results = await Promise.all(runs);
    expect(results.every((result) => result.ok)).toBe(true);
    expect(results.filter((result) => result.ok && result.value.coalescing !== undefined)).toHaveLength(COALESCER_LIMITS.requestsOfAccount);
    const shared = await Promise.all(other);
    expect(shared.filter((result) => result.ok && result.value.coalescing?.joined === true)).toHaveLength(1);
    expect(asked).toHaveLength(301);
  });

  test('does not use the coalescer when no provider is configured', async () => {
    const { direct, release } = upstream(async () => ok(delivery));
    release();
    const coalescers = fakeCoalescers(direct, now);
    const coalesce = createCoalescingClient({ coalescers, clock: now, beganAt: NOW, account: 'one', salt: 'a secret' });
    const nobody = { providers: [], fetchMedia: async () => err({ kind: 'unconfigured', failed: [], attempts: [] } as const) };
    expect((await createSharedMedia(nobody, coalesce).fetchMedia(target('AAAAAAA'), budget)).ok).toBe(false);
    await createSharedTranscriber({ ...direct.transcriber, configured: false }, coalesce).transcribe(
      { mediaId: '1', shortcode: 'AAAAAAA', mediaUrl: '', durationSeconds: 1 },
      'k',
      budget,
    );
    expect(coalescers.joined).toEqual([]);
  });
});

describe('deadlines of a coalesced request', () => {
  const clock = () => Date.now();

  test('a caller with the earliest deadline times out alone, and the run continues for the others', async () => {
    vi.useFakeTimers({ now: NOW });
    try {
      let land = (): void => undefined;
      const { direct, asked, release } = upstream(() => new Promise((resolve) => (land = () => resolve(ok(delivery)))));
      release();
      const media = createSharedMedia(
        direct.media,
        createCoalescingClient({ coalescers: fakeCoalescers(direct, clock), clock, beganAt: NOW, account: 'one', salt: 'a secret' }),
      );
      const patient = media.fetchMedia(target('AAAAAAA'), { deadlineAt: NOW + 20 * SECOND_MS, maxCostMicros });
      const hurried = media.fetchMedia(target('AAAAAAA'), { deadlineAt: NOW + 2 * SECOND_MS, maxCostMicros });
      await vi.waitUntil(() => asked.length === 1);
      await vi.advanceTimersByTimeAsync(3 * SECOND_MS);
      expect(await hurried).toEqual(err({ kind: 'timed_out', failed: [], attempts: [] }));
      land();
      expect((await patient).ok).toBe(true);
      expect(asked).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('followers with more time than the starter of a timed-out run share one further run', async () => {
    vi.useFakeTimers({ now: NOW });
    try {
      const { direct, asked, release } = upstream(async ({ deadlineAt }, call) => {
        if (call > 1) return ok(delivery);
        await new Promise((resolve) => setTimeout(resolve, deadlineAt - clock()));
        return err(failure('timed_out'));
      });
      release();
      const coalescers = fakeCoalescers(direct, clock);
      const media = createSharedMedia(
        direct.media,
        createCoalescingClient({ coalescers, clock, beganAt: NOW, account: 'one', salt: 'a secret' }),
      );
      const hurried = media.fetchMedia(target('AAAAAAA'), { deadlineAt: NOW + 2 * SECOND_MS, maxCostMicros });
      await vi.waitUntil(() => asked.length === 1);
      const patient = [10, 12].map((seconds) =>
        media.fetchMedia(target('AAAAAAA'), { deadlineAt: NOW + seconds * SECOND_MS, maxCostMicros }),
      );
      await vi.waitUntil(() => coalescers.joined.length === 3);
      await vi.advanceTimersByTimeAsync(2 * SECOND_MS);
      expect(await hurried).toMatchObject({ ok: false, error: { kind: 'timed_out', attempts: [receipt] } });
      const results = await Promise.all(patient);
      expect(results.map(({ ok }) => ok)).toEqual([true, true]);
      expect(asked).toHaveLength(2);
      expect(results.flatMap((result) => (result.ok ? result.value.attempts : []))).toEqual([receipt]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a follower of a run whose providers were too slow does not ask them again', async () => {
    const { direct, asked, release } = upstream(async () => err(failure('timed_out')));
    const coalescers = fakeCoalescers(direct, now);
    const media = createSharedMedia(
      direct.media,
      createCoalescingClient({ coalescers, clock: now, beganAt: NOW, account: 'one', salt: 'a secret' }),
    );
    const running = Promise.all([1, 2, 3].map(() => media.fetchMedia(target('AAAAAAA'), budget)));
    await vi.waitUntil(() => coalescers.joined.length === 3);
    release();
    const results = await running;
    expect(results.every((result) => !result.ok && result.error.kind === 'timed_out')).toBe(true);
    expect(asked).toHaveLength(1);
  });
});

describe('the object of a coalesced request', () => {
  const names = Array.from({ length: 2_000 }, (_none, index) =>
    coalescingKey({ kind: 'media', providers: ['apify'], target: target(`A${String(index).padStart(6, '0')}`), maxCostMicros }),
  );

  test('cannot be chosen without the secret: targets that meet in one object are spread by another secret', () => {
    const met = names.filter((name) => bucketOf(name, 'one secret') === 'deck-7');
    expect(met.length).toBeGreaterThan(10);
    expect(new Set(met.map((name) => bucketOf(name, 'another secret'))).size).toBeGreaterThan(met.length / 2);
    expect(new Set(names.map((name) => bucketOf(name, 'one secret'))).size).toBe(64);
  });

  test('is the same for the same request', () => {
    for (const name of names.slice(0, 10)) expect(bucketOf(name, 'one secret')).toBe(bucketOf(name, 'one secret'));
  });
});

describe('the name of a coalesced request', () => {
  const providers = ['apify', 'hikerapi'] as const;
  const position = { cursor: 'c', skip: 1, lastId: '1' };
  const order = { limit: 20, includeReplies: false, position, ...ordersMoney } as const;
  const comments = { kind: 'comments', providers, target: target('AAAAAAA'), order, postOwner: 'a', pinned: 'apify' } as const;
  const transcript = { kind: 'transcript', providers, target: target('AAAAAAA'), durationSeconds: 3, maxCostMicros } as const;
  const video = { mediaId: '1', shortcode: 'AAAAAAA', mediaUrl: 'https://example.com/1', durationSeconds: 3 };
  const hosted = { kind: 'hosted_transcript', model: 'auto', request: video, idempotencyKey: 'k' } as const;
  const parse = { kind: 'parse', model: 'auto', request: mediaRequest('summary'), idempotencyKey: 'k' } as const;
  const different: readonly CoalescableRequest[] = [
    { kind: 'media', providers, target: target('AAAAAAA'), maxCostMicros },
    { kind: 'media', providers, target: target('AAAAAAB'), maxCostMicros },
    { kind: 'media', providers, target: target('AAAAAAA', 'reel'), maxCostMicros },
    { kind: 'media', providers: ['hikerapi', 'apify'], target: target('AAAAAAA'), maxCostMicros },
    { kind: 'media', providers: ['apify'], target: target('AAAAAAA'), maxCostMicros },
    { kind: 'media', providers, target: target('AAAAAAA'), maxCostMicros: 3_000 },
    comments,
    { ...comments, target: target('AAAAAAB') },
    { ...comments, order: { ...order, limit: 100 } },
    { ...comments, order: { ...order, includeReplies: true } },
    { ...comments, order: { ...order, position: null } },
    { ...comments, order: { ...order, maxCostMicros: { comments: maxCostMicros, replies: 0 } } },
    { ...comments, order: { ...order, position: { ...position, cursor: 'd' } } },
    { ...comments, order: { ...order, position: { ...position, skip: 2 } } },
    { ...comments, order: { ...order, position: { ...position, lastId: '2' } } },
    { ...comments, pinned: 'hikerapi' },
    { ...comments, pinned: null },
    { ...comments, postOwner: 'b' },
    { ...comments, postOwner: null },
    { ...comments, providers: ['hikerapi', 'apify'] },
    transcript,
    { ...transcript, durationSeconds: 4 },
    { ...transcript, durationSeconds: null },
    { ...transcript, providers: ['apify'] },
    hosted,
    { ...hosted, request: { ...video, mediaUrl: 'https://example.com/2' } },
    { ...hosted, request: { ...video, durationSeconds: 4 } },
    { ...hosted, request: { ...video, mediaId: '2' } },
    { ...hosted, model: 'other' },
    { ...hosted, idempotencyKey: 'l' },
    parse,
    { ...parse, request: mediaRequest('tldr') },
    { ...parse, model: 'other' },
    { ...parse, idempotencyKey: 'l' },
  ];

  test('differs wherever the upstream request differs', async () => {
    const names = different.map(coalescingKey);
    expect(new Set(names).size).toBe(different.length);
  });

  test('does not depend on the order of fields', async () => {
    const reversed = JSON.parse(JSON.stringify(comments), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value,
    ) as CoalescableRequest;
    expect(Object.keys(reversed)).not.toEqual(Object.keys(comments));
    expect(coalescingKey(reversed)).toBe(coalescingKey(comments));
  });

  test('reveals nothing that users wrote', async () => {
    expect(coalescingKey(parse)).toMatch(/^parse:v2:[0-9a-f]{32}$/);
  });
});
