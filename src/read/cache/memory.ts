import type { z } from 'zod';
import type { Clock } from '../../core/clock.ts';

/** What every copy carries: unix milliseconds, and how long it is fresh from then. */
export type Timed = { readonly storedAt: number; readonly ttlSeconds: number };

/** How much one isolate remembers, and for how long. */
export type HotLimits = {
  readonly lifeMs: number;
  readonly entries: number;
  /** Of all copies as JSON. An isolate has 128 MB for everything; as objects, copies take about three times as many bytes. */
  readonly chars: number;
  /** A larger copy is left to the store, so that one can't push out a hundred others. */
  readonly copyChars: number;
};

/** The limits of the Worker's memory, with a life that the settings decide. */
export function hotLimits(lifeSeconds: number): HotLimits {
  return { lifeMs: lifeSeconds * 1_000, entries: 2_000, chars: 8_000_000, copyChars: 1_000_000 };
}

/**
 * Copies in the memory of one isolate, the least recently used making room. They are frozen, since all readers share them. A copy
 * that was just kept is checked by its schema when it is first read, like one from the store; after that it costs nothing to read.
 */
export interface HotCopies {
  /** The copy under this key as this schema knows it, while it lives. */
  get<T extends Timed>(key: string, schema: z.ZodType<T>): T | null;
  /** Remembers a copy that this schema made. The newer of two copies stays. `chars` is the length of its JSON. */
  found<T extends Timed>(key: string, schema: z.ZodType<T>, copy: T, chars: number): void;
  /** Remembers the JSON of a copy that is being kept, instead of any other. */
  kept(key: string, text: string, times: Timed): void;
}

type Entry = { readonly storedAt: number; readonly chars: number; readonly until: number } & (
  | { readonly text: string }
  | { readonly schema: z.ZodType; readonly copy: unknown }
);

/** An empty memory. */
export function createHotCopies(limits: HotLimits, clock: Clock): HotCopies {
  // A map lists its keys in the order in which they were set, so the first is the one that was not used for longest.
  const entries = new Map<string, Entry>();
  let chars = 0;

  const drop = (key: string): void => {
    chars -= entries.get(key)?.chars ?? 0;
    entries.delete(key);
  };
  const put = (key: string, entry: Entry): void => {
    drop(key);
    if (entry.chars > limits.copyChars) return;
    entries.set(key, entry);
    chars += entry.chars;
    for (const oldest of entries.keys()) {
      if (entries.size <= limits.entries && chars <= limits.chars) break;
      drop(oldest);
    }
  };
  const living = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || clock() < entry.until) return entry;
    drop(key);
    return undefined;
  };

  return {
    get<T extends Timed>(key: string, schema: z.ZodType<T>): T | null {
      const entry = living(key);
      if (entry === undefined) return null;
      if ('copy' in entry) {
        if (entry.schema !== schema) return null;
        put(key, entry);
        // safe because this very schema made the copy
        return entry.copy as T;
      }
      const parsed = schema.safeParse(JSON.parse(entry.text));
      if (!parsed.success) return null;
      const { storedAt, chars, until } = entry;
      put(key, { storedAt, chars, until, schema, copy: freeze(parsed.data) });
      return parsed.data;
    },
    found(key, schema, copy, chars) {
      const known = living(key);
      if (known !== undefined && known.storedAt >= copy.storedAt) return;
      put(key, { storedAt: copy.storedAt, chars, until: clock() + limits.lifeMs, schema, copy: freeze(copy) });
    },
    kept(key, text, { storedAt }) {
      put(key, { storedAt, chars: text.length, until: clock() + limits.lifeMs, text });
    },
  };
}

/** Freezes a value that came from JSON, all the way down. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
