import type { Client } from '@libsql/client';
import * as fc from 'fast-check';
import type { Ledger, Spend } from '../../src/billing/ledger/ledger.ts';
import { ledgerOver } from '../support/ledger.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, sha256 } from '../support/database.ts';

export const TTL_MS = 60_000;
export const PRICE = 1_000;
const OPEN = ['open0', 'open1', 'open2', 'open3', 'open4', 'open5', 'open6', 'open7'] as const;
const SETTLED = ['settled0', 'settled1', 'settled2', 'settled3'] as const;
const ENDED = [...OPEN, ...SETTLED, 'expired', 'released', 'nobody'] as const;

/**
 * One call. Only payers whose spends don't depend on other calls of the batch use Idempotency-Keys: among those that share a short balance
 * the order of the calls decides, and a call that waits for another's claim would lose its place.
 */
export type BatchCall =
  | { readonly do: 'settle'; readonly hold: (typeof ENDED)[number]; readonly share: number; readonly keeps: boolean }
  | { readonly do: 'release'; readonly hold: (typeof ENDED)[number]; readonly target: string | null; readonly keeps: boolean }
  | {
      readonly do: 'reserve' | 'charge';
      readonly who: 'rich' | 'poor' | 'frozen' | 'child' | 'unknown';
      readonly price: number;
      readonly once: number | null;
      readonly fingerprint: number;
      readonly target: string | null;
    }
  | { readonly do: 'undo'; readonly hold: (typeof ENDED)[number] | 'charge'; readonly charge: number; readonly knowsKey: boolean };

type SpendCall = Extract<BatchCall, { readonly do: 'reserve' | 'charge' }>;

/** Sorts calls into the order in which a batch executes them. */
const KINDS = ['settle', 'release', 'reserve', 'charge', 'undo'] as const;
export const inOrderOfKinds = (calls: readonly BatchCall[]): readonly BatchCall[] =>
  KINDS.flatMap((kind) => calls.filter((call) => call.do === kind));

const ended = fc.constantFrom(...ENDED);
const target = fc.constantFrom(null, 'a target', 'another target');
const spend = fc
  .record({
    do: fc.constantFrom('reserve' as const, 'charge' as const),
    who: fc.constantFrom('rich' as const, 'rich' as const, 'poor' as const, 'frozen' as const, 'child' as const, 'unknown' as const),
    price: fc.integer({ min: 1, max: 3 }).map((times) => times * PRICE),
    once: fc.option(fc.nat({ max: 5 })),
    fingerprint: fc.constantFrom(0, 0, 0, 1),
    target,
  })
  .map((one) => ({ ...one, once: one.who === 'poor' || one.who === 'child' ? null : one.once }));

export const anyBatchCall: fc.Arbitrary<BatchCall> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('settle' as const), hold: ended, share: fc.nat({ max: 100 }), keeps: fc.boolean() }),
  },
  // A request ends once, so repeats of its release agree on whether they store a response.
  {
    weight: 3,
    arbitrary: fc
      .record({ do: fc.constant('release' as const), hold: ended, target })
      .map((one) => ({ ...one, keeps: !/[26]$/.test(one.hold) })),
  },
  { weight: 8, arbitrary: spend },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('undo' as const),
      hold: fc.constantFrom(...ENDED, 'charge' as const),
      charge: fc.nat({ max: 255 }),
      knowsKey: fc.boolean(),
    }),
  },
);

/** Accounts of every kind, keys, and holds in every state. Names start with `name`; otherwise all worlds are equal. */
export class BatchWorld {
  readonly clock = manualClock();
  readonly name: string;
  readonly #client: Client;
  readonly #hashes: Readonly<Record<string, string>>;

  private constructor(name: string, client: Client, customers: Readonly<Record<string, Customer>>) {
    this.name = name;
    this.#client = client;
    const hashes = Object.entries(customers).map(([who, { keyHash }]) => [who, keyHash]);
    this.#hashes = { ...Object.fromEntries(hashes), child: sha256(`child of ${name}`), unknown: sha256('nobody') };
  }

  static async make(name: string, client: Client): Promise<BatchWorld> {
    const rich = await addCustomer(client, { name: `${name}/rich`, balance: 10_000 * PRICE });
    const poor = await addCustomer(client, { name: `${name}/poor`, balance: 4 * PRICE });
    const frozen = await addCustomer(client, { name: `${name}/frozen`, balance: 10 * PRICE });
    await client.batch(
      [
        { sql: `UPDATE account SET status = 'frozen' WHERE id = ?`, args: [frozen.accountId] },
        {
          sql: `INSERT INTO api_key (id, account_id, parent_id, mode, name, hash, last4, created_at, budget_micros)
                VALUES (?, ?, ?, 'live', 'child', unhex(?), 'abcd', 1, ?)`,
          args: [`key_${name}/child`, rich.accountId, rich.keyId, sha256(`child of ${name}`), 5 * PRICE],
        },
      ],
      'write',
    );
    const world = new BatchWorld(name, client, { rich, poor, frozen });
    await world.#fill();
    return world;
  }

  async #fill(): Promise<void> {
    const ledger = ledgerOver({ client: this.#client, clock: this.clock });
    const spendOf = (id: string, who: SpendCall['who'] = 'rich'): Spend =>
      this.#spend(id, { who, price: PRICE, once: null, fingerprint: 0, target: null });
    const steps = [
      ...OPEN.map((id) => ledger.reserve({ ...spendOf(id), idempotencyKeyHash: this.#keyOf(id) }, TTL_MS)),
      ...SETTLED.map((id) => ledger.charge({ ...spendOf(id), idempotencyKeyHash: this.#keyOf(id) }, {}, { status: 200, sealed: id })),
      ledger.reserve(spendOf('expired', 'poor'), 1),
      ledger.reserve(spendOf('released'), TTL_MS),
    ];
    for (const step of await Promise.all(steps)) if (!step.ok) throw new Error(step.error.kind);
    await ledger.release(`req_${this.name}/released`, 'earlier');
    this.clock.advance(10);
  }

  /** Every second hold has an Idempotency-Key. */
  #keyOf(hold: string): string | null {
    return /[02468]$/.test(hold) ? sha256(`${this.name} key of ${hold}`) : null;
  }

  #spend(id: string, call: Omit<SpendCall, 'do'>): Spend {
    return {
      id: `req_${this.name}/${id}`,
      keyHash: this.#hashes[call.who] ?? '',
      fingerprint: sha256(`request ${call.fingerprint}`),
      lines: [{ item: 'media', amount: microCredits(call.price) }],
      idempotencyKeyHash: call.once === null ? null : sha256(`${this.name} key ${call.once}`),
      target: call.target,
    };
  }

  /** Sends the `index`th call and returns its outcome without balances, which depend on the rest of the batch. */
  async send(ledger: Ledger, call: BatchCall, index: number, calls: readonly BatchCall[]): Promise<unknown> {
    switch (call.do) {
      case 'settle': {
        const lines = [{ item: 'media', settled: microCredits((PRICE * call.share) / 100) }];
        const settled = await ledger.settle(`req_${this.name}/${call.hold}`, lines, {}, this.#ending(call, null));
        return settled.ok ? settled.value.lines : settled.error.kind;
      }
      case 'release': {
        const released = await ledger.release(`req_${this.name}/${call.hold}`, `reason ${index}`, this.#ending(call, call.target));
        return released.ok ? released.value.state : released.error.kind;
      }
      case 'reserve': {
        const reserved = await ledger.reserve(this.#spend(String(index), call), TTL_MS);
        return reserved.ok ? reserved.value.amount : this.#refusalOf(reserved.error);
      }
      case 'charge': {
        const answer = call.once === null ? null : { status: 200, sealed: `answer ${index}` };
        const charged = await ledger.charge(this.#spend(String(index), call), {}, answer);
        return charged.ok ? charged.value.lines : this.#refusalOf(charged.error);
      }
      case 'undo': {
        // Only charges of the rich account: money refunded to others would allow a spend that was refused before.
        const charge = calls[call.charge % calls.length];
        const isRich = charge?.do === 'charge' && charge.who === 'rich';
        const hold = call.hold !== 'charge' ? call.hold : isRich ? String(call.charge % calls.length) : 'nobody';
        const digest = isRich && charge.once !== null ? sha256(`${this.name} key ${charge.once}`) : null;
        await ledger.compensate(`req_${this.name}/${hold}`, call.knowsKey ? (call.hold === 'charge' ? digest : this.#keyOf(hold)) : null);
        return null;
      }
    }
  }

  #ending(call: { readonly hold: string; readonly keeps: boolean }, missed: string | null) {
    const idempotencyKeyHash = this.#keyOf(call.hold);
    const answer = call.keeps && idempotencyKeyHash !== null ? { status: 200, sealed: `answer of ${call.hold}` } : null;
    return { keyHash: this.#hashes['rich'] ?? '', idempotencyKeyHash, answer, target: missed };
  }

  #refusalOf(refusal: { readonly kind: string; readonly replay?: { readonly sealed: string | null } }): unknown {
    return refusal.replay === undefined ? refusal.kind : [refusal.kind, refusal.replay.sealed];
  }

  /** Everything the tables hold about this world, without its name. */
  async dump(): Promise<unknown> {
    const like = `%${this.name}/%`;
    const select = (sql: string) => ({ sql, args: [like] });
    const answers = await this.#client.batch(
      [
        select('SELECT id, posted_micros, held_micros, debt_micros, seq FROM account WHERE id LIKE ? ORDER BY 1'),
        select('SELECT kind, ref, delta_micros FROM entry WHERE account_id LIKE ? ORDER BY 1, 2'),
        select('SELECT id, state, reason, amount_micros, settled_micros FROM hold WHERE id LIKE ? ORDER BY 1'),
        select('SELECT request_id, status, answer, expires_at FROM replay WHERE scope LIKE ? ORDER BY 1'),
        select('SELECT key_id, target, failures FROM failing WHERE key_id LIKE ? ORDER BY 1, 2'),
        select('SELECT key_id, total_micros, day_micros FROM key_usage WHERE key_id LIKE ? ORDER BY 1'),
      ],
      'read',
    );
    return JSON.parse(JSON.stringify(answers.map(({ rows }) => rows)).replaceAll(this.name, 'world'));
  }
}
