import type { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Timed } from './freshness.ts';

/** How much one isolate remembers, and for how long. */
export type MemoryLimits = {
  readonly lifeMs: number;
  readonly entries: number;
  /** Of all entries as JSON. An isolate has 128 MB for everything; as objects, entries take about three times as many bytes. */
  readonly chars: number;
  /** A larger entry is left to the store, so that it cannot evict a hundred others. */
  readonly entryChars: number;
};

/** The limits of the Worker's memory cache. */
export function memoryLimits(lifeSeconds: number): MemoryLimits {
  return { lifeMs: lifeSeconds * 1_000, entries: 2_000, chars: 8_000_000, entryChars: 1_000_000 };
}

/**
 * Cache entries in the memory of one isolate, the least recently used evicted first. They are frozen, since all readers share them. An
 * entry that was just written is checked by its schema when it is first read, as one from the store is; later reads skip the check.
 */
export interface MemoryCache {
  /** The entry under this key as this schema parsed it, until it expires. */
  get<T extends Timed>(key: string, schema: z.ZodType<T>): T | null;
  /** Remembers an entry that this schema parsed from the store; `chars` is the length of its JSON. The newer of two entries stays. */
  found<T extends Timed>(key: string, entry: T, parsed: { readonly schema: z.ZodType<T>; readonly chars: number }): void;
  /** Replaces whatever is under this key by the JSON of an entry that is being written. */
  kept(key: string, text: string, times: Timed): void;
}

type Remembered = { readonly storedAt: number; readonly chars: number; readonly until: number } & (
  | { readonly text: string }
  | { readonly schema: z.ZodType; readonly entry: unknown }
);

export function createMemoryCache(limits: MemoryLimits, clock: Clock): MemoryCache {
  // A map lists its keys in the order in which they were set, so the first is the least recently used.
  const entries = new Map<string, Remembered>();
  let chars = 0;

  const drop = (key: string): void => {
    chars -= entries.get(key)?.chars ?? 0;
    entries.delete(key);
  };
  const put = (key: string, remembered: Remembered): void => {
    drop(key);
    if (remembered.chars > limits.entryChars) return;
    entries.set(key, remembered);
    chars += remembered.chars;
    for (const oldest of entries.keys()) {
      if (entries.size <= limits.entries && chars <= limits.chars) break;
      drop(oldest);
    }
  };
  const living = (key: string): Remembered | undefined => {
    const remembered = entries.get(key);
    if (remembered === undefined || clock() < remembered.until) return remembered;
    drop(key);
    return undefined;
  };

  return {
    get<T extends Timed>(key: string, schema: z.ZodType<T>): T | null {
      const remembered = living(key);
      if (remembered === undefined) return null;
      if ('entry' in remembered) {
        if (remembered.schema !== schema) return null;
        put(key, remembered);
        // safe because this very schema parsed the entry
        return remembered.entry as T;
      }
      const parsed = schema.safeParse(JSON.parse(remembered.text));
      if (!parsed.success) return null;
      const { storedAt, chars, until } = remembered;
      put(key, { storedAt, chars, until, schema, entry: freeze(parsed.data) });
      return parsed.data;
    },
    found(key, entry, parsed) {
      const known = living(key);
      if (known !== undefined && known.storedAt >= entry.storedAt) return;
      put(key, { storedAt: entry.storedAt, ...parsed, until: clock() + limits.lifeMs, entry: freeze(entry) });
    },
    kept(key, text, { storedAt }) {
      put(key, { storedAt, chars: text.length, until: clock() + limits.lifeMs, text });
    },
  };
}

/** Freezes a value that came from JSON, with everything inside it. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
