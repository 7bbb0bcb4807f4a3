import type { Client } from '@libsql/client';
import { expect } from 'vitest';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { hashApiKey } from '../../src/billing/keys/api-key.ts';
import type { Spend } from '../../src/billing/ledger/ledger.ts';
import { ledgerOver } from '../support/ledger.ts';
import type { Id } from '../../src/core/ids.ts';
import { microCredits } from '../../src/core/money.ts';
import { countedIds, manualClock, sha256 } from '../support/database.ts';
import { dumpLedger, HOSTILE_STATEMENTS, isHarmless } from './hostile.ts';
import { type Operation, TTL_MS } from './operations.ts';

const SIGNUP_GRANT = 5_000;
const RECEIPT = { priceCardVersion: 'model' };

/** The invariants are checked after this many operations, and at the end of each run. */
const AUDIT_EVERY = 25;

type ModelAccount = { readonly id: Id<'acct'>; posted: number; frozen: boolean };
type ModelBudget = { readonly limit: number; readonly period: 'day' | 'month' | null };
type ModelKey = {
  readonly id: Id<'key'>;
  readonly hash: string;
  readonly account: ModelAccount;
  readonly parent: ModelKey | null;
  readonly ceiling: number | null;
  readonly budget: ModelBudget | null;
  revokedAt: number;
  expiresAt: number;
};
type ModelLine = { readonly item: string; readonly reserved: number; settled: number };
type ModelHold = {
  readonly spend: Spend;
  readonly key: ModelKey;
  readonly lines: readonly ModelLine[];
  readonly openedAt: number;
  readonly expiresAt: number;
  state: 'open' | 'settled' | 'released' | 'expired';
};
type ModelPayment = { readonly id: string; readonly account: ModelAccount; readonly credits: number; target: number; rev: number };

const total = (amounts: readonly number[]) => amounts.reduce((sum, amount) => sum + amount, 0);
/** From the root to the key. */
const lineage = (key: ModelKey): readonly ModelKey[] => (key.parent === null ? [key] : [...lineage(key.parent), key]);
/** The prefix of an ISO time that identifies a period. */
const periodOf = (period: ModelBudget['period'], time: number) =>
  period === null ? '' : new Date(time).toISOString().slice(0, period === 'day' ? 10 : 7);
const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];

/** A model of the ledger in plain objects, compared with the real one after every step. Needs an empty migrated database. */
export class Model {
  readonly #client: Client;
  readonly #clock = manualClock();
  readonly #ids = countedIds();
  readonly #ledger: ReturnType<typeof ledgerOver>;
  readonly #accounts: ModelAccount[] = [];
  readonly #keys: ModelKey[] = [];
  readonly #holds: ModelHold[] = [];
  readonly #payments: ModelPayment[] = [];
  readonly #booked = new Set<string>();
  #steps = 0;

  readonly #seen: Set<string>;

  /** `seen` collects the outcomes, so that a test can check that its operations reached all of them. */
  constructor(client: Client, seen: Set<string>) {
    this.#client = client;
    this.#seen = seen;
    this.#ledger = ledgerOver({ client, clock: this.#clock });
  }

  /** Applies one operation to both and compares the outcome and every balance. */
  async step(operation: Operation): Promise<void> {
    await this.#perform(operation);
    this.#steps += 1;
    await this.#compareBalances();
    if (this.#steps % AUDIT_EVERY === 0) await this.audit();
  }

  /** Checks the invariants and compares the state of every hold. */
  async audit(): Promise<void> {
    expect(brokenInvariants(await auditLedger(this.#client))).toEqual([]);
    const answer = await this.#client.execute(
      'SELECT id, state, settled_micros, (SELECT count(*) FROM receipt r WHERE r.id = hold.id) AS receipts FROM hold ORDER BY id',
    );
    const expected = this.#holds.map((hold) => {
      const settled = hold.state === 'settled';
      return [hold.spend.id, hold.state, settled ? total(hold.lines.map((line) => line.settled)) : null, settled ? 1 : 0];
    });
    expect(answer.rows.map((row) => [row['id'], row['state'], row['settled_micros'], row['receipts']])).toEqual(
      expected.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
    );
  }

  async #perform(operation: Operation): Promise<void> {
    switch (operation.do) {
      case 'sign up':
        return this.#signUp();
      case 'mint':
        return this.#mint(operation);
      case 'credit':
        return this.#credit(operation);
      case 'reserve':
      case 'charge':
        return this.#spend(operation);
      case 'repeat':
        return this.#repeat(operation);
      case 'settle':
        return this.#settle(operation);
      case 'release':
        return this.#release(operation);
      case 'sweep':
        return this.#sweep(operation.page);
      case 'wait':
        this.#clock.advance(operation.ms);
        return;
      case 'pay':
        return this.#pay(operation);
      case 'set target':
        return this.#setTarget(operation);
      case 'revoke key':
      case 'expire key':
        return this.#endKey(operation);
      case 'freeze':
      case 'thaw':
        return this.#setStatus(operation);
      case 'attack':
        return this.#attack(operation.statement);
    }
  }

  async #signUp(): Promise<void> {
    const accounts = createAccounts({ client: this.#client, clock: this.#clock, ids: this.#ids, signupGrant: microCredits(SIGNUP_GRANT) });
    const answer = await accounts.signUp({ accountName: 'model', keyName: 'model' });
    if (!answer.ok) throw new Error('signing up failed');
    const account: ModelAccount = { id: answer.value.account.id, posted: SIGNUP_GRANT, frozen: false };
    this.#accounts.push(account);
    const hash = hashApiKey(answer.value.apiKey);
    const limits = { parent: null, ceiling: null, budget: null, revokedAt: Infinity, expiresAt: Infinity };
    this.#keys.push({ id: answer.value.key.id, hash, account, ...limits });
  }

  async #mint(operation: Extract<Operation, { do: 'mint' }>): Promise<void> {
    const parent = at(this.#keys, operation.key);
    if (parent === undefined || lineage(parent).length >= 4) return;
    const { ceiling, budget } = operation;
    const id = this.#ids('key');
    const key = { id, hash: sha256(id), account: parent.account, parent, ceiling, budget, revokedAt: Infinity, expiresAt: Infinity };
    await this.#client.execute({
      sql: `INSERT INTO api_key (id, account_id, parent_id, name, hash, last4, created_at, ceiling_micros, budget_micros, budget_period)
            VALUES (?, ?, ?, 'minted', unhex(?), 'abcd', ?, ?, ?, ?)`,
      args: [id, parent.account.id, parent.id, key.hash, this.#clock(), ceiling, budget?.limit ?? null, budget?.period ?? null],
    });
    this.#keys.push(key);
  }

  async #credit(operation: Extract<Operation, { do: 'credit' }>): Promise<void> {
    const account = at(this.#accounts, operation.account);
    if (account === undefined) return;
    const { kind } = operation;
    const delta = kind === 'grant' ? Math.abs(operation.delta) : operation.delta;
    const fact = `${kind}:${operation.ref}`;
    const booked = !this.#booked.has(fact);
    const answer = await this.#ledger.credit({ accountId: account.id, kind, ref: String(operation.ref), delta: microCredits(delta) });
    if (booked) account.posted += delta;
    this.#booked.add(fact);
    expect(answer).toEqual({ ok: true, value: { booked, balance: this.#balance(account) } });
  }

  async #spend(operation: Extract<Operation, { do: 'reserve' | 'charge' }>): Promise<void> {
    const key = at(this.#keys, operation.key);
    const required = total(operation.prices);
    if (key === undefined || required === 0) return;
    const id = this.#ids('req');
    const lines = operation.prices.map((reserved, index) => ({
      item: ['media', 'comments', 'transcript'][index] ?? 'x',
      reserved,
      settled: 0,
    }));
    const spend: Spend = {
      id,
      keyHash: key.hash,
      fingerprint: sha256(id),
      lines: lines.map((line) => ({ item: line.item, amount: microCredits(line.reserved) })),
    };
    const refusal = this.#refusal(key, required);
    const hold: ModelHold = { spend, key, lines, openedAt: this.#clock(), expiresAt: this.#clock() + TTL_MS, state: 'open' };
    const answer = await this.#send(operation.do, spend);
    this.#seen.add(answer.ok ? operation.do : answer.error.kind);
    if (refusal !== null) {
      expect(answer).toMatchObject({ ok: false, error: refusal });
      return;
    }
    this.#holds.push(hold);
    if (operation.do === 'charge')
      this.#take(
        hold,
        lines.map((line) => line.reserved),
      );
    expect(answer).toMatchObject({
      ok: true,
      value: { id, accountId: key.account.id, keyId: key.id, balance: this.#balance(key.account) },
    });
  }

  /** Why a spend must be refused once the account's overdue holds have expired; null when it must succeed. */
  #refusal(key: ModelKey, required: number): object | null {
    const { account } = key;
    for (const hold of this.#openHolds(account)) if (hold.expiresAt <= this.#clock()) hold.state = 'expired';
    // Of a key that was revoked and one that expired, the earlier end is told.
    const revokedAt = Math.min(...lineage(key).map((one) => one.revokedAt));
    const expiresAt = Math.min(...lineage(key).map((one) => one.expiresAt));
    if (expiresAt <= Math.min(revokedAt, this.#clock())) return { kind: 'key_expired' };
    if (revokedAt !== Infinity) return { kind: 'key_revoked' };
    if (account.frozen) return { kind: 'account_frozen', accountId: account.id };
    const ceiling = Math.min(...lineage(key).map((one) => one.ceiling ?? Infinity));
    if (required > ceiling) return { kind: 'above_key_ceiling', required, ceiling };
    for (const { id, budget } of lineage(key)) {
      const spent = budget === null ? 0 : this.#used(id, budget.period);
      if (budget !== null && spent + required > budget.limit) return { kind: 'key_budget_exceeded', budget: budget.limit, spent, required };
    }
    const balance = this.#balance(account);
    if (balance.available < required) return { kind: 'insufficient_credits', accountId: account.id, required, balance };
    return null;
  }

  async #repeat(operation: Extract<Operation, { do: 'repeat' }>): Promise<void> {
    const hold = at(this.#holds, operation.hold);
    if (hold === undefined) return;
    const answer = await this.#send(operation.as, hold.spend);
    // A reserve expires all overdue holds of the account; a charge that finds its own hold checks nothing else.
    if (operation.as === 'reserve') this.#refusal(hold.key, 0);
    else if (hold.state === 'open' && hold.expiresAt <= this.#clock()) hold.state = 'expired';
    // A charge completes a reserve with the same id, and returns its own earlier result.
    if (operation.as === 'charge' && hold.state === 'open') {
      this.#take(
        hold,
        hold.lines.map((line) => line.reserved),
      );
    }
    this.#seen.add(answer.ok ? 'repeated' : answer.error.kind);
    const succeeds = hold.state === (operation.as === 'reserve' ? 'open' : 'settled');
    if (succeeds) expect(answer).toMatchObject({ ok: true, value: { id: hold.spend.id, balance: this.#balance(hold.key.account) } });
    else expect(answer).toEqual({ ok: false, error: { kind: 'already_resolved' } });
  }

  async #send(as: 'reserve' | 'charge', spend: Spend) {
    return as === 'reserve' ? this.#ledger.reserve(spend, TTL_MS) : this.#ledger.charge(spend, RECEIPT);
  }

  async #settle(operation: Extract<Operation, { do: 'settle' }>): Promise<void> {
    const hold = at(this.#holds, operation.hold);
    if (hold === undefined) return;
    const amounts = hold.lines.map((line, index) => Math.floor((line.reserved * (operation.share[index] ?? 0)) / 100));
    const answer = await this.#ledger.settle(
      hold.spend.id,
      hold.lines.map((line, index) => ({ item: line.item, settled: microCredits(amounts[index] ?? 0), reason: 'model' })),
      RECEIPT,
    );
    this.#seen.add(answer.ok ? 'settle' : answer.error.kind);
    if (hold.state === 'open') {
      if (hold.expiresAt <= this.#clock()) hold.state = 'expired';
      else this.#take(hold, amounts);
    }
    if (hold.state !== 'settled') {
      expect(answer).toEqual({ ok: false, error: { kind: 'not_open' } });
      return;
    }
    const lines = hold.lines.map(({ item, reserved, settled }) => ({ item, reserved, settled, refunded: reserved - settled }));
    expect(answer).toMatchObject({
      ok: true,
      value: { settled: total(lines.map((line) => line.settled)), lines, balance: this.#balance(hold.key.account) },
    });
  }

  #take(hold: ModelHold, amounts: readonly number[]): void {
    hold.state = 'settled';
    for (const [index, line] of hold.lines.entries()) line.settled = amounts[index] ?? 0;
    hold.key.account.posted -= total(amounts);
  }

  async #release(operation: Extract<Operation, { do: 'release' }>): Promise<void> {
    const hold = at(this.#holds, operation.hold);
    if (hold === undefined) return;
    const answer = await this.#ledger.release(hold.spend.id, 'model');
    if (hold.state === 'open') hold.state = 'released';
    expect(answer).toEqual({ ok: true, value: { state: hold.state, balance: this.#balance(hold.key.account) } });
  }

  async #sweep(page: number): Promise<void> {
    const answer = await this.#ledger.expireHolds(page);
    const due = this.#holds.filter((hold) => hold.state === 'open' && hold.expiresAt <= this.#clock());
    if (due.length > 0) this.#seen.add('sweep');
    expect(answer).toEqual({ ok: true, value: { expired: Math.min(page, due.length) } });
    // The order of holds that expire in the same millisecond is not defined, so the page is read back.
    const rows = await this.#client.execute(`SELECT id FROM hold WHERE state = 'expired'`);
    const expired = new Set(rows.rows.map((row) => row['id']));
    for (const hold of due) if (expired.has(hold.spend.id)) hold.state = 'expired';
  }

  async #pay(operation: Extract<Operation, { do: 'pay' }>): Promise<void> {
    const account = at(this.#accounts, operation.account);
    if (account === undefined) return;
    const payment: ModelPayment = { id: `pay_${this.#payments.length}`, account, credits: operation.credits, target: 0, rev: 0 };
    await this.#client.execute({
      sql: `INSERT INTO payment (id, account_id, session_id, currency, amount_minor, credits_micros, created_at, updated_at) VALUES (?, ?, ?, 'usd', 1, ?, 1, 1)`,
      args: [payment.id, account.id, `cs_${payment.id}`, payment.credits],
    });
    this.#payments.push(payment);
  }

  async #setTarget(operation: Extract<Operation, { do: 'set target' }>): Promise<void> {
    const payment = at(this.#payments, operation.payment);
    if (payment === undefined) return;
    const target = Math.floor((payment.credits * operation.share) / 100);
    // A stale webhook has read an older revision; its compare-and-set must change nothing.
    const rev = operation.stale ? payment.rev - 1 : payment.rev;
    await this.#client.execute({
      sql: 'UPDATE payment SET target_micros = ?, rev = rev + 1, updated_at = ? WHERE id = ? AND rev = ?',
      args: [target, this.#clock(), payment.id, rev],
    });
    this.#seen.add(operation.stale ? 'stale target' : target < payment.target ? 'clawback' : 'top-up');
    if (operation.stale) return;
    payment.account.posted += target - payment.target;
    payment.target = target;
    payment.rev += 1;
  }

  async #endKey(operation: Extract<Operation, { do: 'revoke key' | 'expire key' }>): Promise<void> {
    const key = at(this.#keys, operation.key);
    // The last active key stays active, so that not every later spend is refused.
    if (key === undefined || this.#isNeeded(key) || key.revokedAt < Infinity || key.expiresAt < Infinity) return;
    const column = operation.do === 'revoke key' ? 'revoked_at' : 'expires_at';
    await this.#client.execute({ sql: `UPDATE api_key SET ${column} = ? WHERE id = ?`, args: [this.#clock(), key.id] });
    if (operation.do === 'revoke key') key.revokedAt = this.#clock();
    else key.expiresAt = this.#clock();
  }

  #isNeeded(key: ModelKey): boolean {
    const last = this.#keys.at(-1);
    return last !== undefined && lineage(last).includes(key);
  }

  async #setStatus(operation: Extract<Operation, { do: 'freeze' | 'thaw' }>): Promise<void> {
    const account = at(this.#accounts, operation.account);
    if (account === undefined) return;
    account.frozen = operation.do === 'freeze';
    await this.#client.execute({
      sql: 'UPDATE account SET status = ? WHERE id = ?',
      args: [account.frozen ? 'frozen' : 'active', account.id],
    });
  }

  async #attack(index: number): Promise<void> {
    const statement = HOSTILE_STATEMENTS[index];
    if (statement === undefined) return;
    const before = await dumpLedger(this.#client);
    expect(`${statement.name}: ${await isHarmless(this.#client, statement, before)}`).toBe(`${statement.name}: true`);
  }

  /** The usage of a key and its descendants in the current period. */
  #used(id: string, period: ModelBudget['period']): number {
    const counted = this.#holds.filter(
      (hold) => lineage(hold.key).some((key) => key.id === id) && periodOf(period, hold.openedAt) === periodOf(period, this.#clock()),
    );
    return total(counted.map((hold) => total(hold.lines.map((line) => (hold.state === 'open' ? line.reserved : line.settled)))));
  }

  #openHolds(account: ModelAccount): readonly ModelHold[] {
    return this.#holds.filter((hold) => hold.key.account === account && hold.state === 'open');
  }

  #balance(account: ModelAccount): { readonly available: number; readonly held: number; readonly debt: number } {
    const held = total(this.#openHolds(account).flatMap((hold) => hold.lines.map((line) => line.reserved)));
    return { available: account.posted - held, held, debt: Math.max(0, held - account.posted) };
  }

  async #compareBalances(): Promise<void> {
    const answer = await this.#client.execute(
      'SELECT id, posted_micros - held_micros AS available, held_micros AS held, debt_micros AS debt FROM account ORDER BY id',
    );
    const expected = this.#accounts.map((account) => ({ id: account.id, ...this.#balance(account) }));
    if (expected.some((account) => account.debt > 0)) this.#seen.add('debt');
    expect(answer.rows.map((row) => ({ id: row['id'], available: row['available'], held: row['held'], debt: row['debt'] }))).toEqual(
      expected,
    );
  }
}
