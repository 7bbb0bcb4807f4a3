import type { Accounts, Membership } from '../../billing/accounts/accounts.ts';
import type { KeyMode } from '../../billing/keys/api-key.ts';
import { hasRoom, type KeyScope, missingScope } from '../../billing/keys/limits.ts';
import type { StoredResponse } from '../../billing/idempotency/idempotency.ts';
import type {
  Ledger,
  OutcomeUnknown,
  PricedLine,
  ReceiptBody,
  ResolvedLine,
  SettledLine,
  SettleRefusal,
  SpendRefusal,
  Unwritten,
} from '../../billing/ledger/ledger.ts';
import type { Id } from '../../core/ids.ts';
import { type MicroCredits, minus, sum, ZERO } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';

/** A customer, known only by the hash of the key until the database is asked, or the operator, who is not billed. */
export type Principal = { readonly kind: 'customer'; readonly keyHash: string; readonly mode: KeyMode } | { readonly kind: 'operator' };

/** What a finished read cost. For the operator everything is zero, and there is no balance. */
export type Payment = {
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits;
  readonly refunded: MicroCredits;
  readonly available: MicroCredits | null;
  readonly receiptId: string | null;
  readonly lines: readonly ResolvedLine[];
};

/** The account that pays, and its available balance after a step of the payment; both null for the operator. */
export type PayingAccount = { readonly accountId: Id<'acct'> | null; readonly available: MicroCredits | null };

/** The payment of one request. A request reserves or charges at most once. */
export interface Payer {
  /** Proves the key without moving money, for answers that are free. */
  identify(): Promise<Result<PayingAccount, SpendRefusal>>;
  /** Proves the key without moving money, and says whether the account and the limits of the key allow `required` now. */
  quote(required: MicroCredits): Promise<Result<PayingAccount & { readonly affordable: boolean }, SpendRefusal>>;
  /** Repeated failures are counted by `target`. */
  reserve(lines: readonly PricedLine[], target: string): Promise<Result<PayingAccount, SpendRefusal>>;
  /** `answer` is the response to store under the Idempotency-Key, in the same batch; null stores none. */
  charge(
    lines: readonly PricedLine[],
    receipt: ReceiptBody,
    answer: StoredResponse | null,
  ): Promise<Result<Payment & PayingAccount, SpendRefusal | OutcomeUnknown>>;
  settle(
    lines: readonly SettledLine[],
    receipt: ReceiptBody,
    ending: { readonly answer: StoredResponse | null; readonly target: string },
  ): Promise<Result<Payment, SettleRefusal | OutcomeUnknown>>;
  /** `target` is null when the failure does not count against it. Returns the available balance, where it is known. */
  release(
    reason: string,
    ending: { readonly answer: StoredResponse | null; readonly target: string | null },
  ): Promise<{ readonly available: MicroCredits | null }>;
  /** Null for the operator. */
  readonly receiptId: string | null;
}

/** Pays from a customer's balance. `holdTtlMs` outlives the read's deadline, so that a hold never expires under a live read. */
export function customerPayer(deps: {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly requestId: Id<'req'>;
  readonly keyHash: string;
  readonly fingerprint: string;
  readonly scope: KeyScope;
  /** SHA-256 of the Idempotency-Key; null without one. */
  readonly idempotencyKeyHash: string | null;
  readonly holdTtlMs: number;
}): Payer {
  const { ledger, requestId: id, keyHash, fingerprint, idempotencyKeyHash, scope } = deps;
  const spend = (lines: readonly PricedLine[], target: string | null) => ({
    id,
    keyHash,
    fingerprint,
    scope,
    lines,
    idempotencyKeyHash,
    target,
  });
  return {
    receiptId: id,
    async identify() {
      if (idempotencyKeyHash !== null) {
        const recalled = await ledger.recall(keyHash, idempotencyKeyHash, fingerprint, scope);
        if (!recalled.ok) return recalled;
        const { accountId, balance, claimed } = recalled.value;
        return claimed === null ? ok({ accountId, available: balance.available }) : err(claimed);
      }
      const found = await memberOf(deps);
      return found.ok ? ok({ accountId: found.value.account.id, available: found.value.balance.available }) : found;
    },
    quote: (required) => quote(deps, required),
    async reserve(lines, target) {
      const reserved = await ledger.reserve(spend(lines, target), deps.holdTtlMs);
      if (reserved.ok) return ok({ accountId: reserved.value.accountId, available: reserved.value.balance.available });
      if (reserved.error.kind === 'unreachable') await ledger.compensate(id, idempotencyKeyHash);
      return reserved;
    },
    async charge(lines, receipt, answer) {
      const charged = await ledger.charge(spend(lines, null), receipt, answer);
      if (charged.ok) return ok({ ...charged.value, available: charged.value.balance.available, receiptId: id });
      return charged.error.kind === 'unreachable' ? compensated(charged.error) : charged;
    },
    async settle(lines, receipt, ending) {
      const settle = () => ledger.settle(id, lines, receipt, { keyHash, idempotencyKeyHash, ...ending });
      let settled = await settle();
      // Nothing is delivered without a settlement. Releasing the hold tells whether a lost settlement took effect after all.
      if (!settled.ok && settled.error.kind !== 'not_open') {
        const released = await ledger.release(id, 'settle_failed', { keyHash, idempotencyKeyHash, answer: null, target: null });
        if (!released.ok) return compensated(settled.error);
        if (released.value.state === 'settled') {
          settled = await settle();
          // The money was taken, but the amounts are unknown here: the caller gets nothing, so the charge is compensated.
          if (!settled.ok) return compensated({ kind: 'unreachable' });
        }
      }
      return settled.ok ? ok({ ...settled.value, available: settled.value.balance.available, receiptId: id }) : settled;
    },
    async release(reason, ending) {
      const released = await ledger.release(id, reason, { keyHash, idempotencyKeyHash, ...ending });
      // The hold stays until it can be compensated or expires. One that a bug left settled was charged for nothing.
      if (!released.ok || released.value.state === 'settled') await ledger.compensate(id, idempotencyKeyHash);
      return { available: released.ok ? (released.value.balance?.available ?? null) : null };
    },
  };

  /** Has the request undone. Under an Idempotency-Key the caller can't be told that nothing is charged: a stored response is kept. */
  async function compensated<E extends Unwritten>(failure: E): Promise<Result<never, E | OutcomeUnknown>> {
    await ledger.compensate(id, idempotencyKeyHash);
    return err(failure.kind === 'unreachable' && idempotencyKeyHash !== null ? { kind: 'outcome_unknown' } : failure);
  }
}

type Member = { readonly accounts: Accounts; readonly keyHash: string; readonly scope: KeyScope };

/** The account of the key, if the key has the scope. */
async function memberOf({ accounts, keyHash, scope }: Member): Promise<Result<Membership, SpendRefusal>> {
  const found = await accounts.identify(keyHash);
  const missing = found.ok ? missingScope(found.value.key.lineage, scope) : null;
  return missing === null ? found : err(missing);
}

async function quote(member: Member, required: MicroCredits): ReturnType<Payer['quote']> {
  const found = await memberOf(member);
  if (!found.ok) return found;
  const { account, key, balance } = found.value;
  const canPay = account.status === 'active' && balance.available >= required && hasRoom(key.lineage, required);
  // What costs nothing is not paid for, so nothing refuses it.
  return ok({ accountId: account.id, available: balance.available, affordable: required === ZERO || canPay });
}

/** A free read: nothing is held, nothing is booked. */
export const nothingPaid: Payment = { reserved: ZERO, settled: ZERO, refunded: ZERO, available: null, receiptId: null, lines: [] };

/** Predicts a payment before it is booked; only the balance after it is still unknown. */
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

/** The operator's reads cost nothing and leave no line in the ledger. */
export function operatorPayer(): Payer {
  const nothing: Payment & PayingAccount = { ...nothingPaid, accountId: null };
  return {
    identify: async () => ok(nothing),
    quote: async () => ok({ ...nothing, affordable: true }),
    reserve: async () => ok(nothing),
    charge: async () => ok(nothing),
    settle: async () => ok(nothing),
    release: async () => ({ available: null }),
    receiptId: null,
  };
}
