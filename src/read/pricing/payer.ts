import type { Accounts } from '../../billing/accounts/accounts.ts';
import type { KeyMode } from '../../billing/keys/api-key.ts';
import { type KeyScope, missingScope } from '../../billing/keys/limits.ts';
import type { KeptAnswer } from '../../billing/idempotency/idempotency.ts';
import type {
  HoldState,
  Ledger,
  PricedLine,
  ReceiptBody,
  ResolvedLine,
  SettledLine,
  SettleRefusal,
  SpendRefusal,
} from '../../billing/ledger/ledger.ts';
import type { Id } from '../../core/ids.ts';
import { type MicroCredits, minus, sum, ZERO } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';

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
  identify(): Promise<Result<Payee, SpendRefusal>>;
  /** `target` is what the loop breaker counts failures by. */
  reserve(lines: readonly PricedLine[], target: string): Promise<Result<Payee, SpendRefusal>>;
  /** `answer` is what a repeat under the same Idempotency-Key is given; it is kept in the same batch. Null keeps none. */
  charge(lines: readonly PricedLine[], receipt: ReceiptBody, answer: KeptAnswer | null): Promise<Result<Payment & Payee, SpendRefusal>>;
  settle(
    lines: readonly SettledLine[],
    receipt: ReceiptBody,
    ending: { readonly answer: KeptAnswer | null; readonly target: string },
  ): Promise<Result<Payment, SettleRefusal>>;
  /** `target` where it failed; null where it did not. Answers what can be spent now, where that is known. */
  release(
    reason: string,
    ending: { readonly answer: KeptAnswer | null; readonly target: string | null },
  ): Promise<{ readonly available: MicroCredits | null }>;
  /** The id under which the receipt is going to be; null for the owner. */
  readonly receiptId: string | null;
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
  /** SHA-256 of the Idempotency-Key; null without one. */
  readonly onceDigest: string | null;
  readonly holdTtlMs: number;
}): Payer {
  const { ledger, requestId: id, keyHash, fingerprint, onceDigest, scope } = deps;
  const spend = (lines: readonly PricedLine[], target: string | null) => ({ id, keyHash, fingerprint, scope, lines, onceDigest, target });
  return {
    mode: deps.mode,
    receiptId: id,
    async identify() {
      if (onceDigest !== null) {
        const recalled = await ledger.recall(keyHash, onceDigest, fingerprint, scope);
        if (!recalled.ok) return recalled;
        const { accountId, balance, claimed } = recalled.value;
        return claimed === null ? ok({ accountId, available: balance.available }) : err(claimed);
      }
      const found = await deps.accounts.identify(keyHash);
      if (!found.ok) return found;
      const missing = missingScope(found.value.key.lineage, scope);
      return missing === null ? ok({ accountId: found.value.account.id, available: found.value.balance.available }) : err(missing);
    },
    async reserve(lines, target) {
      const reserved = await ledger.reserve(spend(lines, target), deps.holdTtlMs);
      if (reserved.ok) return ok({ accountId: reserved.value.accountId, available: reserved.value.balance.available });
      if (reserved.error.kind === 'unreachable') await ledger.abandon(id, onceDigest);
      return reserved;
    },
    async charge(lines, receipt, answer) {
      const charged = await ledger.charge(spend(lines, null), receipt, answer);
      if (charged.ok) return ok({ ...charged.value, available: charged.value.balance.available, receiptId: id });
      if (charged.error.kind === 'unreachable') await ledger.abandon(id, onceDigest);
      return charged;
    },
    async settle(lines, receipt, ending) {
      const settle = () => ledger.settle(id, lines, receipt, { keyHash, onceDigest, ...ending });
      let settled = await settle();
      // Not delivered, so not charged: a hold that a lost settlement left open is given back, and one that it settled is known by that.
      if (!settled.ok && (await giveBack(settled.error.kind)) === 'settled') {
        settled = await settle();
        // Taken, but nobody here can say what it came to: the caller gets nothing, so it is booked back.
        if (!settled.ok) await ledger.abandon(id, onceDigest);
      }
      return settled.ok ? ok({ ...settled.value, available: settled.value.balance.available, receiptId: id }) : settled;
    },
    async release(reason, ending) {
      const released = await ledger.release(id, reason, { keyHash, onceDigest, ...ending });
      // Until it can be undone the hold stays, at most until its time is over. One that a bug left settled was paid for nothing.
      if (!released.ok || released.value.state === 'settled') await ledger.abandon(id, onceDigest);
      return { available: released.ok ? (released.value.balance?.available ?? null) : null };
    },
  };

  /** Gives a hold back whose settlement has no outcome, and tells what it has come to; null where that can't be known. */
  async function giveBack(failure: SettleRefusal['kind']): Promise<HoldState | null> {
    if (failure === 'not_open') return null;
    const released = await ledger.release(id, 'settle_failed', { keyHash, onceDigest, answer: null, target: null });
    if (!released.ok) await ledger.abandon(id, onceDigest);
    return released.ok ? released.value.state : null;
  }
}

/** What a read without any price came to: nothing was held, nothing booked. */
export const nothingPaid: Payment = { reserved: ZERO, settled: ZERO, refunded: ZERO, available: null, receiptId: null, lines: [] };

/** What a payment that is about to be booked will come to, all but the balance after it. */
export function expectedPayment(payer: Payer, held: readonly PricedLine[], settled: readonly SettledLine[]): Payment {
  if (payer.receiptId === null || held.length === 0) return nothingPaid;
  const outcomes = new Map(settled.map((line) => [line.item, line]));
  const lines = held.map(({ item, amount }) => {
    const outcome = outcomes.get(item);
    const taken = outcome?.settled ?? ZERO;
    return { item, reserved: amount, settled: taken, refunded: minus(amount, taken), reason: outcome?.reason ?? null };
  });
  return {
    reserved: sum(lines.map((line) => line.reserved)),
    settled: sum(lines.map((line) => line.settled)),
    refunded: sum(lines.map((line) => line.refunded)),
    available: null,
    receiptId: payer.receiptId,
    lines,
  };
}

/** Pays nothing: the owner's reads cost zero and leave no line in the ledger. */
export function ownerPayer(): Payer {
  const nothing: Payment & Payee = { ...nothingPaid, accountId: null };
  return {
    mode: 'live',
    identify: async () => ok(nothing),
    reserve: async () => ok(nothing),
    charge: async () => ok(nothing),
    settle: async () => ok(nothing),
    release: async () => ({ available: null }),
    receiptId: null,
  };
}
