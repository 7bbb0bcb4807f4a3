import type { Client } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createAccounts } from '../../../src/billing/accounts/libsql-accounts.ts';
import { auditLedger, brokenInvariants } from '../../../src/billing/audit/full-audit.ts';
import type { Ledger } from '../../../src/billing/ledger/ledger.ts';
import { PRICE_CARD, type PriceCard, type PricedItem } from '../../../src/billing/price-card.ts';
import { microCredits } from '../../../src/core/money.ts';
import { err, ok } from '../../../src/core/result.ts';
import { exampleMedia } from '../../../src/instagram/media-example.ts';
import { isFresh } from '../../../src/read/cache/freshness.ts';
import { contentKey } from '../../../src/read/cache/key.ts';
import { limitation } from '../../../src/read/limitations/catalog.ts';
import { entryTimes } from '../../../src/read/model/delivered.ts';
import type { ReadDeps } from '../../../src/read/model/deps.ts';
import type { Known, Part } from '../../../src/read/model/part.ts';
import type { ReadTrace } from '../../../src/read/model/trace.ts';
import { mediaPart } from '../../../src/read/parts/media.ts';
import { PARTS } from '../../../src/read/parts/parts.ts';
import { customerPayer } from '../../../src/read/pricing/payer.ts';
import { createReader } from '../../../src/read/reader.ts';
import { addCustomer, countedIds, type Customer, manualClock, memoryDatabase, sha256 } from '../../support/database.ts';
import { ledgerOver } from '../../support/ledger.ts';
import { orderOf, readDeps } from '../../support/reads.ts';

const BALANCE = 1_000_000;
const MEDIA = 3_000;
const COLORS = { fresh: 700, cached: 70 };

/** A part that no file of src knows: the main colors of a post's pictures. */
type ColorsOutcome =
  | { readonly kind: 'colors'; readonly colors: readonly string[]; readonly status: 'hit' | 'miss' }
  | { readonly kind: 'missing'; readonly reason: 'provider_failed' };
const needs = { media: mediaPart };
type ColorsPart = Part<'colors', { readonly count: number }, ColorsOutcome, Known<ColorsOutcome>, typeof needs, never>;

const ColorsEntry = z.object({ ...entryTimes, value: z.array(z.string()) });

/** Its source in this test, which fails when told to. */
const source = { calls: [] as string[], isDown: false };

const keyOf = (shortcode: string, count: number) => contentKey({ part: 'colors', shortcode, count });

const colorsPart: ColorsPart = {
  name: 'colors',
  needs,
  nothingKnown: { hit: null },
  isAvailable: () => true,
  async lookUp({ deps, target, freshness }, { options }) {
    const entry = await deps.cache.get(keyOf(target.shortcode, options.count), ColorsEntry, freshness.maxAgeSeconds);
    if (entry === null || !isFresh(entry, deps.clock(), freshness.maxAgeSeconds)) return ok({ hit: null });
    return ok({ hit: { kind: 'colors', colors: entry.value, status: 'hit' } });
  },
  async fetch({ deps, target }, { options, needed }) {
    source.calls.push(needed.media?.outcome?.value.owner.username ?? 'unknown');
    if (source.isDown) {
      return err({ refusal: { code: 'provider_unavailable' }, missing: { kind: 'missing', reason: 'provider_failed' } });
    }
    const value = ['teal', 'sand', 'navy'].slice(0, options.count);
    const entry = { storedAt: deps.clock(), ttlSeconds: 600, value };
    deps.background(deps.cache.keep(keyOf(target.shortcode, options.count), entry, { retainSeconds: 0, by: 'reader' }));
    return ok({ kind: 'colors', colors: value, status: 'miss' });
  },
  priceLines: (_deps, { known }) => [{ item: 'colors', amount: microCredits(known.hit === null ? COLORS.fresh : COLORS.cached) }],
  finalPrices: (_deps, { outcome }) =>
    outcome.kind === 'missing'
      ? [{ item: 'colors', settled: microCredits(0), reason: outcome.reason }]
      : [{ item: 'colors', settled: microCredits(outcome.status === 'hit' ? COLORS.cached : COLORS.fresh) }],
  limitations: ({ outcome }) =>
    outcome.kind === 'missing' ? [{ ...limitation('field_unavailable', 'data.colors', 'provider_missing'), message: 'No colors.' }] : [],
  receipt: { field: 'colors', of: ({ options, outcome }) => ({ asked: options.count, status: outcome.kind }) },
  logged: (outcome) => ({ parse: `colors ${outcome.kind}` }),
  sample: () => ok({ kind: 'colors', colors: ['teal'], status: 'miss' }),
};

const LIST = [...PARTS, colorsPart] as const;

const row: PricedItem = {
  id: 'colors',
  item: 'media',
  title: 'Main colors',
  unit: 'one post',
  freshMicroCredits: microCredits(COLORS.fresh),
  cachedMicroCredits: microCredits(COLORS.cached),
  staleMicroCredits: null,
};
// safe because only the type of published cards names the ids it may have
const priceCard = { ...PRICE_CARD, items: [...PRICE_CARD.items, row] } as unknown as PriceCard;

let clock = manualClock();
let client: Client;
let ledger: Ledger;
let customer: Customer;
let ids = countedIds();
let deps: ReadDeps;

beforeEach(async () => {
  clock = manualClock();
  ids = countedIds();
  source.calls = [];
  source.isDown = false;
  client = await memoryDatabase();
  customer = await addCustomer(client, { balance: BALANCE });
  ledger = ledgerOver({ client, clock });
  deps = { ...readDeps(clock), priceCard };
});
afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  client.close();
});

function order() {
  const payer = customerPayer({
    ledger,
    accounts: createAccounts({ client, clock, ids, signupGrant: microCredits(0), shard: 0 }),
    requestId: ids('req'),
    keyHash: customer.keyHash,
    fingerprint: sha256('request'),
    scope: 'read:post',
    idempotencyKeyHash: null,
    holdTtlMs: 60_000,
  });
  return orderOf({ main: 'media', parts: { media: { reelOnly: false }, colors: { count: 2 } } } as const, payer);
}

async function receiptBody(id: string | null): Promise<unknown> {
  const { rows } = await client.execute({ sql: 'SELECT body FROM receipt WHERE id = ?', args: [id] });
  return JSON.parse(z.string().parse(rows[0]?.['body']));
}

async function read() {
  const trace: ReadTrace = {};
  const result = await createReader(deps, LIST).read(order(), trace);
  if (!result.ok) throw new Error(result.error.code);
  return { ...result.value, trace };
}

describe('a part that only the list and the price card know', () => {
  test('is fetched with what it needs, held, settled, logged, and on the receipt', async () => {
    const { outcome, payment, trace, limitations } = await read();
    expect(outcome.colors).toEqual({ kind: 'colors', colors: ['teal', 'sand'], status: 'miss' });
    expect(outcome.media?.value.shortcode).toBe(exampleMedia.shortcode);
    expect(source.calls).toEqual([exampleMedia.owner.username]);
    expect(payment.lines).toEqual([
      { item: 'media', reserved: MEDIA, settled: MEDIA, refunded: 0, reason: null },
      { item: 'colors', reserved: COLORS.fresh, settled: COLORS.fresh, refunded: 0, reason: null },
    ]);
    expect(payment.available).toBe(BALANCE - MEDIA - COLORS.fresh);
    expect(trace).toMatchObject({ cache: 'miss', parse: 'colors colors' });
    expect(limitations.map(({ path }) => path)).not.toContain('data.colors');
    expect(await receiptBody(payment.receiptId)).toMatchObject({ type: 'image', comments: null, colors: { asked: 2, status: 'colors' } });
  });

  test('is a hit from the cache at its cached price, without asking its source again', async () => {
    await read();
    const { outcome, payment, cache } = await read();
    expect(cache.status).toBe('hit');
    expect(outcome.colors).toMatchObject({ status: 'hit' });
    expect(payment.lines.map(({ item, settled }) => [item, settled])).toEqual([
      ['media', 1_000],
      ['colors', COLORS.cached],
    ]);
    expect(source.calls).toHaveLength(1);
  });

  test('is refunded and named in the limitations when it fails', async () => {
    source.isDown = true;
    const { outcome, payment, limitations } = await read();
    expect(outcome.colors).toEqual({ kind: 'missing', reason: 'provider_failed' });
    expect(payment.lines[1]).toEqual({
      item: 'colors',
      reserved: COLORS.fresh,
      settled: 0,
      refunded: COLORS.fresh,
      reason: 'provider_failed',
    });
    expect(payment.available).toBe(BALANCE - MEDIA);
    expect(limitations.at(-1)).toMatchObject({ path: 'data.colors', message: 'No colors.' });
    expect(await receiptBody(payment.receiptId)).toMatchObject({ colors: { asked: 2, status: 'missing' } });
  });

  test('is priced by a dry run, which asks nothing of its source', async () => {
    const quoted = await createReader(deps, LIST).dryRun(order(), {});
    expect(quoted).toMatchObject({ ok: true, value: { expected: MEDIA + COLORS.fresh, affordable: true } });
    await read();
    const again = await createReader(deps, LIST).dryRun(order(), {});
    expect(again).toMatchObject({ ok: true, value: { maximum: MEDIA + COLORS.fresh, expected: 1_000 + COLORS.cached } });
    expect(source.calls).toHaveLength(1);
  });
});

test('every part of the list stands behind the parts that it needs', () => {
  const names = PARTS.map(({ name }) => name);
  for (const { name, needs: needed } of PARTS) {
    for (const need of Object.values<{ readonly name: string }>(needed)) {
      expect(names.findIndex((other) => other === need.name)).toBeLessThan(names.indexOf(name));
      expect(names).toContain(need.name);
    }
  }
});
