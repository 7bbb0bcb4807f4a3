import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createContentCache } from '../../../src/read/cache/content-cache.ts';
import { isFresh, isServableStale } from '../../../src/read/cache/freshness.ts';
import { createMemoryCache, memoryLimits, type MemoryLimits } from '../../../src/read/cache/memory.ts';
import { TranscriptEntry } from '../../../src/read/parts/transcript.ts';
import { ShareLinkEntry } from '../../../src/read/share-link.ts';
import { manualClock } from '../../support/database.ts';

const LIFE_MS = 30_000;

/** A key-value store that counts, with its promise to forget what has expired. */
function store(clock: () => number) {
  const values = new Map<string, { text: string; until: number }>();
  const calls = { get: 0, put: 0 };
  return {
    values,
    calls,
    get: async (key: string) => {
      calls.get += 1;
      const value = values.get(key);
      return value === undefined || clock() >= value.until ? null : value.text;
    },
    put: async (key: string, text: string, { expirationTtl }: { readonly expirationTtl: number }) => {
      calls.put += 1;
      values.set(key, { text, until: clock() + expirationTtl * 1_000 });
    },
  };
}

/** The cache of one isolate. */
function isolate(limits: Partial<MemoryLimits> = {}) {
  const clock = manualClock();
  const kv = store(clock);
  const cache = createContentCache(kv, createMemoryCache({ ...memoryLimits(LIFE_MS / 1_000), ...limits }, clock), clock);
  return { clock, kv, cache };
}

function linkTo(shortcode: string, storedAt: number, ttlSeconds = 600): ShareLinkEntry {
  return { storedAt, ttlSeconds, shortcode, hint: 'post' };
}

describe('what an isolate remembers', () => {
  test('answers the second read without touching the store, and a read of what was kept the first', async () => {
    const { clock, kv, cache } = isolate();
    const copy = linkTo('AAAAAAA', clock());
    kv.values.set('stored', { text: JSON.stringify(copy), until: clock() + 600_000 });
    const first = await cache.get('stored', ShareLinkEntry, null);
    expect(first).toEqual(copy);
    expect(await cache.get('stored', ShareLinkEntry, null)).toBe(first);
    expect(kv.calls.get).toBe(1);
    await cache.keep('kept', copy, { retainSeconds: 0, by: 'reader' });
    expect(await cache.get('kept', ShareLinkEntry, null)).toEqual(copy);
    expect(await cache.get('kept', ShareLinkEntry, null)).toBe(await cache.get('kept', ShareLinkEntry, null));
    expect(kv.calls).toEqual({ get: 1, put: 1 });
  });

  test('is forgotten when its life is over, however often it was read', async () => {
    const { clock, kv, cache } = isolate();
    await cache.keep('kept', linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'reader' });
    clock.advance(LIFE_MS - 1);
    await cache.get('kept', ShareLinkEntry, null);
    expect(kv.calls.get).toBe(0);
    clock.advance(1);
    await cache.get('kept', ShareLinkEntry, null);
    expect(kv.calls.get).toBe(1);
  });

  test('is not served to who wants it younger: then the store is asked, and what is newer there is remembered', async () => {
    const { clock, kv, cache } = isolate();
    await cache.keep('kept', linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'reader' });
    clock.advance(20_000);
    kv.values.set('kept', { text: JSON.stringify(linkTo('BBBBBBB', clock() - 1_000)), until: clock() + 600_000 });
    expect(await cache.get('kept', ShareLinkEntry, 60)).toMatchObject({ shortcode: 'AAAAAAA' });
    expect(await cache.get('kept', ShareLinkEntry, 5)).toMatchObject({ shortcode: 'BBBBBBB' });
    expect(await cache.get('kept', ShareLinkEntry, 60)).toMatchObject({ shortcode: 'BBBBBBB' });
    expect(kv.calls.get).toBe(1);
  });

  test('is never replaced by something older from the store', async () => {
    const { clock, kv, cache } = isolate();
    const behind = JSON.stringify(linkTo('OLDER11', clock() - 10_000));
    await cache.keep('kept', linkTo('NEWER11', clock()), { retainSeconds: 0, by: 'reader' });
    kv.values.set('kept', { text: behind, until: clock() + 600_000 });
    clock.advance(2_000);
    await cache.get('kept', ShareLinkEntry, 0);
    expect(await cache.get('kept', ShareLinkEntry, null)).toMatchObject({ shortcode: 'NEWER11' });
  });

  test('does not hold that there was nothing: the next read asks the store again', async () => {
    const { clock, kv, cache } = isolate();
    expect(await cache.get('later', ShareLinkEntry, null)).toBeNull();
    kv.values.set('later', { text: JSON.stringify(linkTo('AAAAAAA', clock())), until: clock() + 600_000 });
    expect(await cache.get('later', ShareLinkEntry, null)).not.toBeNull();
  });

  test('can not be changed by who got it', async () => {
    const { clock, cache } = isolate();
    const transcript = {
      text: 'a',
      source: 'provider' as const,
      language: null,
      segments: [{ text: 'a', startSeconds: 0, endSeconds: 1 }],
    };
    const copy = TranscriptEntry.parse({ storedAt: clock(), ttlSeconds: 600, value: { kind: 'transcript', transcript } });
    await cache.keep('kept', copy, { retainSeconds: 0, by: 'reader' });
    const got = await cache.get('kept', TranscriptEntry, null);
    if (got?.value.kind !== 'transcript') throw new Error('the transcript is not there');
    const { segments } = got.value.transcript;
    expect(() => segments?.push(...segments)).toThrow(TypeError);
    expect(() => Object.assign(got, { storedAt: 0 })).toThrow(TypeError);
    expect(await cache.get('kept', TranscriptEntry, null)).toEqual(copy);
  });

  test('is of no use under another schema', async () => {
    const { clock, cache } = isolate();
    await cache.keep('kept', linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'reader' });
    expect(await cache.get('kept', TranscriptEntry, null)).toBeNull();
    expect(await cache.get('kept', ShareLinkEntry, null)).not.toBeNull();
    expect(await cache.get('kept', TranscriptEntry, null)).toBeNull();
  });

  test('of a flight that was joined is not written to the store, which its starter does', async () => {
    const { clock, kv, cache } = isolate();
    await cache.keep('joined', linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'follower' });
    expect(await cache.get('joined', ShareLinkEntry, null)).not.toBeNull();
    expect(kv.calls).toEqual({ get: 0, put: 0 });
  });

  test('stays within its bounds, and what was not used for longest makes room', async () => {
    const chars = JSON.stringify({ ...linkTo('AAAAAAA', manualClock()()), key: 'a' }).length;
    for (const limits of [{ entries: 3 }, { chars: 3 * chars }]) {
      const { clock, kv, cache } = isolate(limits);
      for (const key of ['a', 'b', 'c']) await cache.keep(key, linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'reader' });
      await cache.get('a', ShareLinkEntry, null);
      await cache.keep('d', linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'reader' });
      for (const key of ['a', 'c', 'd']) await cache.get(key, ShareLinkEntry, null);
      expect(kv.calls.get, JSON.stringify(limits)).toBe(0);
      await cache.get('b', ShareLinkEntry, null);
      expect(kv.calls.get, JSON.stringify(limits)).toBe(1);
    }
  });

  test('leaves a copy that is too large to the store', async () => {
    const { clock, kv, cache } = isolate({ entryChars: 10 });
    await cache.keep('large', linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'reader' });
    expect(await cache.get('large', ShareLinkEntry, null)).not.toBeNull();
    expect(kv.calls.get).toBe(1);
  });
});

describe('a value in the store', () => {
  test('counts for its own key alone', async () => {
    const { clock, kv, cache } = isolate();
    await cache.keep('one', linkTo('AAAAAAA', clock()), { retainSeconds: 0, by: 'reader' });
    const value = kv.values.get('one');
    if (value === undefined) throw new Error('nothing was stored');
    kv.values.set('other', value);
    expect(await cache.get('other', ShareLinkEntry, null)).toBeNull();
    expect(await cache.get('one', ShareLinkEntry, null)).toMatchObject({ shortcode: 'AAAAAAA' });
  });

  test('does not count from the future, neither as fresh nor as stale, and does not displace what is remembered', async () => {
    const { clock, kv, cache } = isolate();
    const copy = (shortcode: string, ahead: number) => ({ text: JSON.stringify(linkTo(shortcode, clock() + ahead)), until: Infinity });
    kv.values.set('key', copy('FUTURE1', 3_600_000));
    expect(await cache.get('key', ShareLinkEntry, null)).toBeNull();
    await cache.keep('key', linkTo('PRESENT', clock()), { retainSeconds: 0, by: 'reader' });
    kv.values.set('key', copy('FUTURE1', 3_600_000));
    expect(await cache.get('key', ShareLinkEntry, 0)).toBeNull();
    expect(await cache.get('key', ShareLinkEntry, null)).toMatchObject({ shortcode: 'PRESENT' });
    const ahead = linkTo('FUTURE1', clock() + 5_001);
    expect([isFresh(ahead, clock(), null), isFresh(ahead, clock(), 60), isServableStale(ahead, clock(), 604_800)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("may be ahead by as much as two isolates' clocks differ", async () => {
    const { clock, kv, cache } = isolate();
    kv.values.set('key', { text: JSON.stringify(linkTo('AAAAAAA', clock() + 5_000)), until: Infinity });
    const found = await cache.get('key', ShareLinkEntry, 60);
    expect(found !== null && isFresh(found, clock(), 60)).toBe(true);
  });
});

describe('freshness', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
    fc.record({
      do: fc.constant('keep' as const),
      key: fc.constantFrom('a', 'b'),
      ttlSeconds: fc.integer({ min: 1, max: 180 }),
      retainSeconds: fc.constantFrom(0, 600),
    }),
    fc.record({
      do: fc.constant('read' as const),
      key: fc.constantFrom('a', 'b'),
      maxAgeSeconds: fc.option(fc.integer({ min: 0, max: 120 })),
      maxStaleSeconds: fc.integer({ min: 0, max: 300 }),
    }),
  );

  test('is the same with and without the memory: what is a hit, what is stale, and which copy', async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = manualClock();
        const [behind, alone] = [store(clock), store(clock)];
        const withMemory = createContentCache(behind, createMemoryCache({ ...memoryLimits(30), entries: 1 }, clock), clock);
        const without = createContentCache(alone, null, clock);
        const seenWith: unknown[] = [];
        const seenWithout: unknown[] = [];
        for (const [index, one] of steps.entries()) {
          if (one.do === 'wait') clock.advance(one.ms);
          else if (one.do === 'keep') {
            const copy = linkTo(`Kept${String(index).padStart(4, '0')}`, clock(), one.ttlSeconds);
            await withMemory.keep(one.key, copy, { retainSeconds: one.retainSeconds, by: 'reader' });
            await without.keep(one.key, copy, { retainSeconds: one.retainSeconds, by: 'reader' });
          } else {
            const seen = async (cache: typeof without) => {
              const copy = await cache.get(one.key, ShareLinkEntry, one.maxAgeSeconds);
              if (copy === null) return 'miss';
              const isHit = isFresh(copy, clock(), one.maxAgeSeconds);
              return { copy, isHit, isStale: isServableStale(copy, clock(), one.maxStaleSeconds) };
            };
            seenWith.push(await seen(withMemory));
            seenWithout.push(await seen(without));
          }
        }
        expect(seenWith).toEqual(seenWithout);
        hits += alone.calls.get - behind.calls.get;
      }),
      { numRuns: 500 },
    );
    // Otherwise the memory was never asked, and nothing was compared.
    expect(hits).toBeGreaterThan(100);
  });
});
