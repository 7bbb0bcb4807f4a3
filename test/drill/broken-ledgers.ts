import type { Ledger } from '../../src/billing/ledger/ledger.ts';
import type { Service } from '../../src/http/context.ts';
import { sum, ZERO } from '../../src/core/money.ts';
import { ok } from '../../src/core/result.ts';
import type { Variant } from './isolate.ts';
import type { PromiseName } from './promises.ts';

/** Ledgers with one bug each, and the guarantee it violates; the test must detect each. */
export const BROKEN_LEDGERS: Readonly<Record<string, { readonly breaks: PromiseName; readonly variant: Variant }>> = {
  'says that it settled, and leaves the hold to expire': {
    breaks: 'charged',
    variant: withLedger(() => ({
      settle: async (id, lines) => {
        const settled = sum(lines.map((line) => line.settled));
        const resolved = lines.map(({ item, settled, reason = null }) => ({ item, reserved: settled, settled, refunded: ZERO, reason }));
        return ok({
          id,
          reserved: settled,
          settled,
          refunded: ZERO,
          lines: resolved,
          balance: { posted: ZERO, held: ZERO, debt: ZERO, available: ZERO },
        });
      },
    })),
  },
  'charges a second time under an id of its own': {
    breaks: 'once',
    variant: withLedger((ledger) => ({
      charge: async (spend, receipt, answer) => {
        const charged = await ledger.charge(spend, receipt, answer);
        if (charged.ok) await ledger.charge({ ...spend, id: `${spend.id}again`, idempotencyKeyHash: null }, receipt, null);
        return charged;
      },
    })),
  },
  'forgets the Idempotency-Key': {
    breaks: 'once',
    variant: withLedger((ledger) => ({
      charge: (spend, receipt) => ledger.charge({ ...spend, idempotencyKeyHash: null }, receipt, null),
      reserve: (spend, ttlMs) => ledger.reserve({ ...spend, idempotencyKeyHash: null }, ttlMs),
    })),
  },
  'takes the whole hold, whatever was delivered': {
    breaks: 'amount',
    variant: withLedger((ledger) => ({
      settle: async (id, lines, receipt, ending) => {
        const settled = await ledger.settle(id, lines, receipt, ending);
        return settled.ok ? ok({ ...settled.value, settled: settled.value.reserved, refunded: ZERO }) : settled;
      },
    })),
  },
};

function withLedger(change: (ledger: Ledger) => Partial<Ledger>): Variant {
  return (deps) => {
    if (!deps.service.ok) return deps;
    const { ledger } = deps.service.value;
    // The other services are created lazily, which copying would defeat.
    const service: Service = Object.create(deps.service.value, { ledger: { value: { ...ledger, ...change(ledger) } } });
    return { ...deps, service: ok(service) };
  };
}
