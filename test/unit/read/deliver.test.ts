import { describe, expect, test } from 'vitest';
import { err, ok } from '../../../src/core/result.ts';
import { deliver } from '../../../src/read/deliver.ts';
import type { Known, NeededParts, Part, TimeReserve } from '../../../src/read/model/part.ts';
import { mediaPart } from '../../../src/read/parts/media.ts';
import { planRead } from '../../../src/read/plan.ts';
import { manualClock } from '../../support/database.ts';
import { readDeps } from '../../support/reads.ts';

const DEADLINE_MS = 20_000;

type Toy = Part<string, true, string, Known<string>, NeededParts, never>;

/** A part that tells when it starts and how much time it has, and ends when told to. */
function toy(name: string, needs: NeededParts, about: { readonly reserve?: TimeReserve; readonly endsEarly?: true } = {}) {
  const started: { needed: unknown; hasMs: number }[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const part: Toy = {
    name,
    needs,
    ...about,
    nothingKnown: { hit: null },
    isAvailable: () => true,
    lookUp: async () => ok({ hit: null }),
    async fetch({ deps, budget }, { needed }) {
      const outcomes = Object.fromEntries(Object.entries(needed).map(([need, state]) => [need, state?.outcome ?? null]));
      started.push({ needed: outcomes, hasMs: budget.deadlineAt - deps.clock() });
      await ended;
      return ok(`outcome of ${name}`);
    },
    priceLines: () => [],
    finalPrices: () => [],
    limitations: () => [],
    receipt: null,
    sample: () => ok('sample'),
  };
  return { part, started, end };
}

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

function world() {
  const clock = manualClock();
  const deps = readDeps(clock);
  const target = { kind: 'media', shortcode: 'DemoImage01', hint: 'post' } as const;
  const freshness = { maxAgeSeconds: null, maxStaleSeconds: 0 };
  return { deps, target, freshness, budget: { deadlineAt: clock() + DEADLINE_MS }, trace: {} };
}

describe('the delivery of a plan', () => {
  test('starts parts that need the same one side by side, and one that needs them when both are there', async () => {
    const first = toy('first', { media: mediaPart }, { endsEarly: true });
    const second = toy('second', { media: mediaPart });
    const last = toy('last', { first: first.part, second: second.part }, { reserve: { ms: 8_000, share: 1 / 3 } });
    const context = world();
    const request = { main: 'media', parts: { media: { reelOnly: false }, first: true, second: true, last: true } } as const;
    const plan = await planRead(context, [mediaPart, first.part, second.part, last.part], request);
    if (!plan.ok) throw new Error(plan.error.code);
    const delivering = deliver(context, plan.value);
    await settle();
    expect([first.started.length, second.started.length, last.started.length]).toEqual([1, 1, 0]);
    first.end();
    await settle();
    expect(last.started).toHaveLength(0);
    second.end();
    last.end();
    const delivered = await delivering;
    expect(last.started[0]?.needed).toEqual({ first: 'outcome of first', second: 'outcome of second' });
    expect(delivered.ok && delivered.value.parts.map(({ part }) => part.name)).toEqual(['media', 'first', 'second', 'last']);
    // A third of 20 seconds is less than 8.
    expect(first.started[0]?.hasMs).toBeCloseTo((DEADLINE_MS * 2) / 3, 3);
    expect(second.started[0]?.hasMs).toBe(DEADLINE_MS);
    expect(last.started[0]?.hasMs).toBe(DEADLINE_MS);
  });

  test('starts nothing else when the main part fails', async () => {
    const other = toy('other', { media: mediaPart });
    const context = world();
    const failing = {
      ...mediaPart,
      fetch: async () => err({ refusal: { code: 'post_not_found' }, missing: null } as const),
    };
    const request = { main: 'media', parts: { media: { reelOnly: false }, other: true } } as const;
    const plan = await planRead(context, [failing, other.part], request);
    if (!plan.ok) throw new Error(plan.error.code);
    expect(await deliver(context, plan.value)).toMatchObject({ ok: false, error: { code: 'post_not_found' } });
    expect(other.started).toEqual([]);
  });
});
