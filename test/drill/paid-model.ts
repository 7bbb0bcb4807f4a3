import { z } from 'zod';
import { ERROR_ROWS, type ErrorCode } from '../../src/errors.ts';
import { sha256 } from '../support/database.ts';
import { PricedAnswer } from '../support/price-by-card.ts';
import { type Answer, requestName } from './isolate.ts';
import type { PaidOrder } from './paid-orders.ts';
import { priceProblem } from './price-check.ts';
import type { Breaches } from './promises.ts';

/** The outcome of one request, as seen from outside. */
export type Asked = {
  readonly number: number;
  readonly order: PaidOrder;
  /** Whether the response, if any, reached the caller. */
  readonly isHeard: boolean;
  /** Whether part of it may have been carried out after its end. */
  readonly hasStragglers: boolean;
  readonly end:
    | { readonly kind: 'reset' }
    | { readonly kind: 'refused'; readonly code: string; readonly billed: boolean | null }
    | { readonly kind: 'delivered'; readonly receiptId: string | null; readonly isReplay: boolean };
};

export type Delivery = {
  readonly number: number;
  readonly settled: number;
  readonly lines: ReadonlyMap<string, number>;
  readonly digest: string;
  isHeard: boolean;
};

const Refused = z.object({ error: z.object({ code: z.string(), billed: z.boolean().nullable() }) });
const Quoted = z.object({ quote: z.unknown() });

function billedOf(body: unknown): boolean | null {
  const parsed = Refused.safeParse(body);
  return parsed.success && parsed.data.error.billed;
}

/** Follows every paid request of a round, and derives what the books must contain. */
export class PaidModel {
  readonly asked = new Map<string, Asked>();
  /** By receipt: the id of the charged request. */
  readonly deliveries = new Map<string, Delivery>();
  replays = 0;
  readonly #breaches: Breaches;

  constructor(breaches: Breaches) {
    this.#breaches = breaches;
  }

  /** Records how a request ended, and checks what doesn't need the books. */
  note(number: number, order: PaidOrder, answer: Answer, how: { readonly isHeard: boolean; readonly hasStragglers: boolean }): Asked {
    const asked: Asked = { number, order, ...how, end: this.#endOf(number, order, answer, how.isHeard) };
    this.asked.set(idOf(number), asked);
    return asked;
  }

  #endOf(number: number, order: PaidOrder, answer: Answer, isHeard: boolean): Asked['end'] {
    if (answer === null) return { kind: 'reset' };
    const body: unknown = JSON.parse(answer.text);
    if (answer.status !== 200) return { kind: 'refused', code: this.#codeOf(number, answer.status, body), billed: billedOf(body) };
    if (order.query['dryRun'] === 'true' && Quoted.safeParse(body).success) return { kind: 'delivered', receiptId: null, isReplay: false };
    const parsed = PricedAnswer.safeParse(body);
    if (!parsed.success) {
      this.#breaches.add('amount', number, `a delivered read without a bill: ${z.prettifyError(parsed.error)}`);
      return { kind: 'delivered', receiptId: null, isReplay: false };
    }
    const isReplay = answer.headers.get('Idempotency-Replayed') === 'true';
    if (isReplay) this.replays += 1;
    const { receiptId } = parsed.data.usage;
    const problem = priceProblem(order, parsed.data);
    if (problem !== null) this.#breaches.add('amount', number, problem);
    if (receiptId !== null) this.#deliver(order, { number, receiptId, isReplay, read: parsed.data, digest: digestOf(body), isHeard });
    return { kind: 'delivered', receiptId, isReplay };
  }

  #deliver(
    order: PaidOrder,
    delivery: {
      readonly number: number;
      readonly receiptId: string;
      readonly isReplay: boolean;
      readonly read: PricedAnswer;
      readonly digest: string;
      readonly isHeard: boolean;
    },
  ): void {
    const { number, receiptId, isReplay, read, digest, isHeard } = delivery;
    const known = this.deliveries.get(receiptId);
    if (isReplay && order.idempotencyKey === null) this.#breaches.add('charged', number, 'an answer of before, without an Idempotency-Key');
    if (!isReplay && receiptId !== idOf(number)) this.#breaches.add('charged', number, `delivered under ${receiptId}`);
    if (known !== undefined && known.digest !== digest)
      this.#breaches.add('replay', number, `another answer than request ${known.number} got`);
    if (known !== undefined) {
      known.isHeard ||= isHeard;
      return;
    }
    const lines = new Map(read.usage.lines.map((line) => [line.item, line.settledMicroCredits]));
    this.deliveries.set(receiptId, { number, settled: read.usage.settledMicroCredits, lines, digest, isHeard });
  }

  #codeOf(number: number, status: number, body: unknown): string {
    const parsed = Refused.safeParse(body);
    const code = parsed.success ? parsed.data.error.code : 'none';
    if (!isExplained(code, status)) this.#breaches.add('taxonomy', number, `answered ${status} ${code}`);
    return code;
  }
}

export function idOf(number: number): string {
  return `req_${requestName(number)}`;
}

/** Whether a status and code are a row of the taxonomy other than `internal`. */
export function isExplained(code: string, status: number): boolean {
  const rows: Readonly<Record<string, (typeof ERROR_ROWS)[ErrorCode]>> = ERROR_ROWS;
  return code !== 'internal' && rows[code]?.status === status;
}

const Timely = z.looseObject({
  cache: z.looseObject({}),
  usage: z.looseObject({}),
  limitations: z.array(z.object({ code: z.string(), path: z.string() })),
});

/**
 * Returns what must be equal in every response under one receipt: everything except the age of the cache entry, also in the text of a
 * limitation, and the balance.
 */
function digestOf(body: unknown): string {
  const { cache, usage, ...rest } = Timely.parse(body);
  const { ageSeconds: _age, ttlSeconds: _ttl, ...copy } = cache;
  const { balanceMicroCredits: _balance, ...bill } = usage;
  return sha256(JSON.stringify({ ...rest, cache: copy, usage: bill }));
}
