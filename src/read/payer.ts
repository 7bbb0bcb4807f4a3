import type { Accounts, KeyRefusal } from '../billing/accounts.ts';
import type { KeyMode } from '../billing/keys.ts';
import { type KeyScope, type LimitRefusal, missingScope } from '../billing/key-limits.ts';
import type { Ledger, PricedLine, ReceiptBody, ResolvedLine, SettledLine, SettleRefusal, SpendRefusal } from '../billing/ledger.ts';
import type { Id } from '../ids.ts';
import { type MicroCredits, ZERO } from '../money.ts';
import { err, ok, type Result } from '../result.ts';

/** Who asks: a customer, known by the hash of the key until the database says more, or the owner, who is not billed. */
export type Principal = { readonly kind: 'customer'; readonly keyHash: string; readonly mode: KeyMode } | { readonly kind: 'owner' };

/** What a finished read cost, as the caller is told. For the owner everything is zero and there is no balance. */
export type Payment = {
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits;
  readonly refunded: MicroCredits;
  readonly available: MicroCredits | null;
  readonly receiptId: string | null;
  readonly lines: readonly ResolvedLine[];
};

/** The account that a step of paying found, and what it can spend after that step; both null for the owner. */
export type Payee = { readonly accountId: Id<'acct'> | null; readonly available: MicroCredits | null };

/** Paying for one request. Each method is one step of the paid path; a request reserves or charges at most once. */
export interface Payer {
  /** Test keys read samples, which never get as far as paying. */
  readonly mode: KeyMode;
  /** Proves the key without moving money, for paths that answer free of charge. */
  identify(): Promise<Result<Payee, KeyRefusal | LimitRefusal>>;
  reserve(lines: readonly PricedLine[]): Promise<Result<Payee, SpendRefusal>>;
  charge(lines: readonly PricedLine[], receipt: ReceiptBody): Promise<Result<Payment & Payee, SpendRefusal>>;
  settle(lines: readonly SettledLine[], receipt: ReceiptBody): Promise<Result<Payment, SettleRefusal>>;
  release(reason: string): Promise<void>;
}

/** Pays from a customer's balance. `holdTtlMs` outlives the read's deadline, so that a hold never expires under a live read. */
export function customerPayer(deps: {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly requestId: Id<'req'>;
  readonly keyHash: string;
  readonly fingerprint: string;
  /** What the key must be allowed. */
  readonly scope: KeyScope;
  readonly mode: KeyMode;
  readonly holdTtlMs: number;
}): Payer {
  const { ledger, requestId: id } = deps;
  const spend = (lines: readonly PricedLine[]) => ({ id, keyHash: deps.keyHash, fingerprint: deps.fingerprint, scope: deps.scope, lines });
  return {
    mode: deps.mode,
    async identify() {
      const found = await deps.accounts.identify(deps.keyHash);
      if (!found.ok) return found;
      const missing = missingScope(found.value.key.lineage, deps.scope);
      return missing === null ? ok({ accountId: found.value.account.id, available: found.value.balance.available }) : err(missing);
    },
    async reserve(lines) {
      const reserved = await ledger.reserve(spend(lines), deps.holdTtlMs);
      return reserved.ok ? ok({ accountId: reserved.value.accountId, available: reserved.value.balance.available }) : reserved;
    },
    async charge(lines, receipt) {
      const charged = await ledger.charge(spend(lines), receipt);
      return charged.ok ? ok({ ...charged.value, available: charged.value.balance.available, receiptId: id }) : charged;
    },
    async settle(lines, receipt) {
      const settled = await ledger.settle(id, lines, receipt);
      return settled.ok ? ok({ ...settled.value, available: settled.value.balance.available, receiptId: id }) : settled;
    },
    async release(reason) {
      // An unreachable database leaves the hold to its expiry: the next reserve and the cron give it back.
      await ledger.release(id, reason);
    },
  };
}

/** What a read without any price came to: nothing was held, nothing booked. */
export const nothingPaid: Payment = { reserved: ZERO, settled: ZERO, refunded: ZERO, available: null, receiptId: null, lines: [] };

/** Pays nothing: the owner's reads cost zero and leave no line in the ledger. */
export function ownerPayer(): Payer {
  const nothing: Payment & Payee = { ...nothingPaid, accountId: null };
  return {
    mode: 'live',
    identify: async () => ok(nothing),
    reserve: async () => ok(nothing),
    charge: async () => ok(nothing),
    settle: async () => ok(nothing),
    release: async () => undefined,
  };
}
