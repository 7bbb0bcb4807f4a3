import { z } from 'zod';
import { batchOf } from '../src/billing/ledger/batch.ts';
import { chargeCall, type LedgerCall, reserveCall, settleCall } from '../src/billing/ledger/commands.ts';
import type { Spend } from '../src/billing/ledger/ledger.ts';
import type { Database } from '../src/db/client.ts';
import { randomIds } from '../src/core/ids.ts';
import { microCredits } from '../src/core/money.ts';

/** The prices of a cached and a fresh read of a post; any price would do. */
const CACHED_PRICE = microCredits(1_000);
const FRESH_PRICE = microCredits(3_000);

const HOLD_TTL_MS = 40_000;

const FINGERPRINT = '0'.repeat(64);

/** As long as a real receipt. */
const RECEIPT = {
  endpoint: 'post',
  shortcode: 'B0000000001',
  type: 'reel',
  priceCardVersion: '2026-01-01',
  cache: { status: 'miss', key: `media:v2:${'0'.repeat(32)}`, ageSeconds: 0 },
  provider: { id: 'scrapecreators', billedUnit: 'credit', resultCount: 1 },
  comments: null,
  transcript: null,
  parse: null,
  limitations: ['metric_unavailable', 'media_url_short_lived'],
  upstream: [{ provider: 'scrapecreators', outcome: 'ok', httpStatus: 200, estimatedCostMicros: 2_000, latencyMs: 3 }],
};

export type Payment = 'charge' | 'reserve and settle';

/**
 * Pays once per key in one batch ('reserve and settle': two), with the statements of the ledger's writer. Throws when a payment is refused.
 */
export async function payTogether(database: Database, payment: Payment, keyHashes: readonly string[]): Promise<void> {
  const now = Date.now();
  if (payment === 'charge') {
    const calls = keyHashes.map((keyHash) => chargeCall({ spend: spendOf(keyHash, CACHED_PRICE), receipt: RECEIPT, answer: null }, now));
    return send(database, calls, 'settled');
  }
  const spends = keyHashes.map((keyHash) => spendOf(keyHash, FRESH_PRICE));
  await send(
    database,
    spends.map((spend) => reserveCall(spend, now, HOLD_TTL_MS)),
    'open',
  );
  const lines = [{ item: 'media', settled: FRESH_PRICE }];
  const settles = spends.map(({ id, keyHash }) => {
    const ending = { keyHash, idempotencyKeyHash: null, answer: null, target: `post ${id}` };
    return settleCall({ id, lines, receipt: RECEIPT, ending }, Date.now());
  });
  return send(database, settles, 'settled');
}

/** Opens `count` holds on one key, which stay open for `ttlMs`. */
export async function openHolds(database: Database, keyHash: string, count: number, ttlMs: number): Promise<void> {
  const calls = Array.from({ length: count }, () => reserveCall(spendOf(keyHash, FRESH_PRICE), Date.now(), ttlMs));
  return send(database, calls, 'open');
}

function spendOf(keyHash: string, amount: typeof FRESH_PRICE): Spend {
  const id = randomIds('req');
  return {
    id,
    keyHash,
    fingerprint: FINGERPRINT,
    scope: 'read:post',
    lines: [{ item: 'media', amount }],
    idempotencyKeyHash: null,
    target: null,
  };
}

const Found = z.union([z.object({ hold: z.object({ state: z.string() }) }), z.object({ state: z.string() })]);

async function send(database: Database, calls: readonly LedgerCall[], state: 'open' | 'settled'): Promise<void> {
  const batch = batchOf(calls);
  const found = batch.read(await database.batch([...batch.statements], 'write'));
  const states = found.map((text) => (text === null ? null : Found.parse(JSON.parse(text))));
  const isDone = states.every((one) => one !== null && ('hold' in one ? one.hold.state : one.state) === state);
  if (!isDone) throw new Error('the ledger refused a payment of the benchmark');
}
