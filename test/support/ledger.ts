import { CALL_POLICY } from '../../src/db/call.ts';
import { createLedger, type LedgerDeps } from '../../src/billing/ledger/libsql-ledger.ts';
import type { Ledger } from '../../src/billing/ledger/ledger.ts';
import { createLedgerWriter } from '../../src/billing/writer/ledger-writer.ts';

/** A ledger with a writer of its own over the same connection, as a test without Durable Objects needs it. */
export function ledgerOver(deps: Omit<LedgerDeps, 'writer'>): Ledger {
  return createLedger({ ...deps, writer: createLedgerWriter({ connect: () => deps.client, policy: CALL_POLICY, ...deps }) });
}
