import type { DrilledPromise } from './drill.ts';
import type { Call } from './paid-call.ts';

/** The final state of the ledger, as far as callers can check it. */
export type Book = {
  /** The initial grant of every account. */
  readonly grant: number;
  /** `shown` is the available balance of `GET /v1/me`; null if it failed. */
  readonly accounts: readonly { readonly id: string; readonly posted: number; readonly held: number; readonly shown: number | null }[];
  /** The journal. Usage has the receipt's `shortcode`, a top-up the payment's `sessionId`. */
  readonly entries: readonly {
    readonly accountId: string;
    readonly kind: string;
    readonly ref: string;
    readonly delta: number;
    readonly shortcode: string | null;
    readonly sessionId: string | null;
  }[];
  /** The paid checkout sessions. */
  readonly paidSessions: readonly { readonly sessionId: string; readonly accountId: string; readonly microCredits: number }[];
  readonly openHolds: number;
  /** Violations by invariant. */
  readonly audit: Readonly<Record<string, number>>;
};

/** Guarantees about money, whatever processes die. */
export const MONEY_PROMISES = {
  delivered: 'Every 200 is booked once, at what it says it cost.',
  failed: 'No answer that failed has cost anything.',
  asked: 'Nothing is charged that nobody asked for, and no Idempotency-Key twice.',
  replayed: 'What was charged under an Idempotency-Key is answered again, the same, for nothing.',
  balances: 'Every balance is the grant and the top-ups less what was charged.',
  minted: 'No credit comes from nowhere, and every payment is credited once.',
  holds: 'No hold stays open past its time.',
  audit: 'The audit of the ledger is all zeros.',
} as const;

type MoneyPromise = keyof typeof MONEY_PROMISES;
type Breach = { readonly promise: MoneyPromise; readonly line: string };

/** Violations reported for each guarantee. */
const MAX_REPORTED = 5;

/** The ref prefix of the refund of a failed call; the request's id follows. */
const GIVEN_BACK = 'undelivered:';

/**
 * Compares what callers saw with the book. `calls` ends with one more call for every Idempotency-Key, see `replayed`. Pure, so that it can
 * be tested with a wrong book.
 */
export function checkBook(
  calls: readonly Call[],
  book: Book,
): { readonly promises: readonly DrilledPromise[]; readonly breaches: readonly string[] } {
  const usage = new Map(book.entries.filter(({ kind }) => kind === 'usage').map((entry) => [entry.ref, entry]));
  const givenBack = new Map(
    book.entries
      .filter(({ kind, ref }) => kind === 'adjust' && ref.startsWith(GIVEN_BACK))
      .map(({ ref, delta }) => [ref.slice(GIVEN_BACK.length), delta]),
  );
  const taken = (requestId: string) => -(usage.get(requestId)?.delta ?? 0) - (givenBack.get(requestId) ?? 0);
  const delivered = new Set(calls.flatMap(({ outcome }) => (outcome.kind === 'paid' ? [outcome.receiptId] : [])));
  const found = [
    ...checkDelivered(calls, taken),
    ...checkFailed(calls, delivered, taken),
    ...checkAsked(calls, delivered, usage, taken),
    ...checkReplayed(calls),
    ...checkBalances(book),
    ...checkMinted(book, usage),
    ...(book.openHolds === 0 ? [] : [{ promise: 'holds' as const, line: `${book.openHolds} holds are open past their time` }]),
    ...Object.entries(book.audit)
      .filter(([, broken]) => broken !== 0)
      .map(([law, broken]) => ({ promise: 'audit' as const, line: `${broken} rows break ${law}` })),
  ];
  const promises = Object.entries(MONEY_PROMISES).map(([name, promise]) => ({
    promise,
    broken: found.filter((breach) => breach.promise === name).length,
  }));
  const told = [...Map.groupBy(found, ({ promise }) => promise).values()].flatMap((broken) => broken.slice(0, MAX_REPORTED));
  return { promises, breaches: told.map(({ promise, line }) => `${promise}: ${line}`) };
}

function checkDelivered(calls: readonly Call[], taken: (requestId: string) => number): Breach[] {
  const owners = new Map<string, string>();
  return calls.flatMap((call): Breach[] => {
    const { outcome } = call;
    if (outcome.kind !== 'paid') return [];
    const { receiptId, settled } = outcome;
    // Without a key each call is charged; with one, all its calls are one purchase.
    const owner = `${call.accountId} ${call.onceKey ?? `${call.startedAt} ${call.path} ${owners.size}`}`;
    const other = owners.get(receiptId);
    owners.set(receiptId, other ?? owner);
    const problems = [
      ...(taken(receiptId) === settled ? [] : [`it says ${settled}, the book ${taken(receiptId)}`]),
      ...(other === undefined || other === owner ? [] : ['its receipt is that of another call']),
    ];
    return problems.map((problem) => ({ promise: 'delivered', line: `${receiptId} of ${call.path} during ${call.during}: ${problem}` }));
  });
}

function checkFailed(calls: readonly Call[], delivered: ReadonlySet<string>, taken: (requestId: string) => number): Breach[] {
  return calls.flatMap((call): Breach[] => {
    const { outcome } = call;
    // A charge is correct if a repeat with the same key was delivered.
    if (outcome.kind !== 'refused' || delivered.has(outcome.requestId) || taken(outcome.requestId) === 0) return [];
    const { requestId, code } = outcome;
    return [{ promise: 'failed', line: `${requestId} of ${call.path} during ${call.during}: ${code}, and ${taken(requestId)} taken` }];
  });
}

/** Every charge must match a response, or a call without one: same account, same post, and no Idempotency-Key. */
function checkAsked(
  calls: readonly Call[],
  delivered: ReadonlySet<string>,
  usage: ReadonlyMap<string, Book['entries'][number]>,
  taken: (requestId: string) => number,
): Breach[] {
  const answered = new Set(calls.flatMap(({ outcome }) => (outcome.kind === 'refused' ? [outcome.requestId] : [])));
  const unheard = new Map<string, number>();
  for (const { accountId, shortcode, onceKey, outcome } of calls) {
    const mayBeCharged = outcome.kind === 'hung' || outcome.kind === 'foreign' || (outcome.kind === 'unanswered' && outcome.mayHaveArrived);
    // With a key, the last call has shown which charge it was.
    if (!mayBeCharged || onceKey !== null) continue;
    unheard.set(`${accountId} ${shortcode}`, (unheard.get(`${accountId} ${shortcode}`) ?? 0) + 1);
  }
  return [...usage.values()].flatMap((entry): Breach[] => {
    if (delivered.has(entry.ref) || answered.has(entry.ref) || taken(entry.ref) === 0) return [];
    const name = `${entry.accountId} ${entry.shortcode ?? ''}`;
    const left = unheard.get(name) ?? 0;
    unheard.set(name, left - 1);
    return left > 0 ? [] : [{ promise: 'asked', line: `${entry.ref}: ${-entry.delta} taken of ${name} for no call that is left` }];
  });
}

/** The calls of one Idempotency-Key in order; the last was made at the end of the run. */
function checkReplayed(calls: readonly Call[]): Breach[] {
  const byKey = Map.groupBy(
    calls.filter(({ onceKey }) => onceKey !== null),
    ({ accountId, onceKey }) => `${accountId} ${onceKey ?? ''}`,
  );
  return [...byKey.values()].flatMap((same): Breach[] => {
    const paid = same.flatMap(({ outcome }) => (outcome.kind === 'paid' ? [outcome] : []));
    const [first] = paid;
    const last = same.at(-1)?.outcome;
    if (first === undefined) return [];
    const wrong = [
      ...(last?.kind === 'paid' ? [] : [`ends with ${last?.kind === 'refused' ? last.code : (last?.kind ?? 'nothing')}`]),
      ...(paid.some(({ receiptId }) => receiptId !== first.receiptId) ? ['was paid for under several receipts'] : []),
      ...(paid.some(({ digest }) => digest !== first.digest) ? ['was answered differently'] : []),
    ];
    return wrong.map((problem) => ({ promise: 'replayed', line: `${same[0]?.path ?? ''} under ${same[0]?.onceKey ?? ''} ${problem}` }));
  });
}

function checkBalances(book: Book): Breach[] {
  const sums = new Map<string, number>();
  for (const { accountId, delta } of book.entries) sums.set(accountId, (sums.get(accountId) ?? 0) + delta);
  return book.accounts.flatMap(({ id, posted, held, shown }): Breach[] => {
    const booked = sums.get(id) ?? 0;
    const wrong = [
      ...(posted === booked ? [] : [`posted ${posted}, journal ${booked}`]),
      ...(held === 0 ? [] : [`${held} are still held`]),
      ...(shown === posted - held ? [] : [`shown ${shown ?? 'nothing'}, to be spent ${posted - held}`]),
    ];
    return wrong.map((problem) => ({ promise: 'balances', line: `${id}: ${problem}` }));
  });
}

function checkMinted(book: Book, usage: ReadonlyMap<string, Book['entries'][number]>): Breach[] {
  const breaches: Breach[] = [];
  const sessions = new Map(book.paidSessions.map((session) => [session.sessionId, { ...session, credited: 0 }]));
  const granted = new Map<string, number>();
  for (const entry of book.entries) {
    const { accountId, kind, ref, delta } = entry;
    const session = sessions.get(entry.sessionId ?? '');
    if (kind === 'usage') continue;
    if (kind === 'grant') granted.set(accountId, (granted.get(accountId) ?? 0) + delta);
    else if (kind === 'topup' && session?.accountId === accountId) session.credited += delta;
    else if (kind !== 'adjust' || !ref.startsWith(GIVEN_BACK) || delta !== -(usage.get(ref.slice(GIVEN_BACK.length))?.delta ?? 0))
      breaches.push({ promise: 'minted', line: `${accountId}: ${kind} ${ref} of ${delta}` });
  }
  for (const { id } of book.accounts) {
    const sum = granted.get(id) ?? 0;
    if (sum !== book.grant) breaches.push({ promise: 'minted', line: `${id}: grants of ${sum} instead of ${book.grant}` });
  }
  for (const { sessionId, microCredits, credited } of sessions.values()) {
    if (credited !== microCredits) breaches.push({ promise: 'minted', line: `${sessionId}: paid ${microCredits}, credited ${credited}` });
  }
  return breaches;
}
