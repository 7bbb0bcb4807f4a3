import { describe, expect, test } from 'vitest';
import { BROKEN_LEDGERS } from './broken-ledgers.ts';
import { drillFailpoints } from './failpoints.ts';
import { PROMISES } from './promises.ts';

/** Enough that every bug shows many times. */
const REQUESTS = 120;

const drill = (options: Partial<Parameters<typeof drillFailpoints>[0]> = {}) =>
  drillFailpoints({ requests: REQUESTS, seed: 1, say: () => undefined, ...options });

const brokenOf = (result: Awaited<ReturnType<typeof drill>>, promise: string) =>
  result.promises.find((drilled) => drilled.promise === promise)?.broken ?? Number.NaN;

describe('the failpoint test', () => {
  test('finds no violation in the ledger, with faults of every kind', async () => {
    const result = await drill();
    expect(result.breaches).toEqual([]);
    expect(result.promises.every(({ broken }) => broken === 0)).toBe(true);
    expect(result.figures['faults injected']).toBeGreaterThan(REQUESTS / 10);
    expect(result.figures['isolates killed']).toBeGreaterThan(0);
  });

  test.each(Object.entries(BROKEN_LEDGERS))('detects a ledger that %s', async (_mistake, { breaks, variant }) => {
    const result = await drill({ variant });
    expect(brokenOf(result, PROMISES[breaks])).toBeGreaterThan(0);
    expect(result.breaches.some((breach) => /^\w+: seed 1( request \d+)?: /.test(breach))).toBe(true);
  });
});
