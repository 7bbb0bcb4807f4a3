import type { Accounts } from '../billing/accounts/accounts.ts';
import type { KeyOwners } from '../billing/accounts/key-owners.ts';
import type { ResponseCipher, ResponseText } from '../billing/idempotency/response-seal.ts';
import type { KeyMode } from '../billing/keys/api-key.ts';
import type { KeyScope } from '../billing/keys/limits.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { Id } from '../core/ids.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Refusal } from '../errors.ts';
import { identityRefusal } from '../errors/from-database.ts';
import { rateLimitRefusal } from '../errors/from-rate-limit.ts';
import { missRefusal, type ReadRefusal } from '../errors/from-read.ts';
import { type RateLimitResult, STORE_DOWN } from '../limits/limiter.ts';
import type { MissAllowances } from '../limits/miss-allowances.ts';
import type { Freshness } from './cache/freshness.ts';
import type { ReadTrace } from './model/trace.ts';
import type { ReadOrder, ResponseRecorder, TargetAllowance } from './order.ts';
import type { ReadRequest } from './parts/parts.ts';
import { customerPayer, operatorPayer, type Payer, type Principal } from './pricing/payer.ts';
import { type ReadLimits, takeReadQuota } from './rate-limit.ts';
import type { Reader, Stop } from './reader.ts';
import { entityTag } from './response/entity-tag.ts';
import { type Content, contentOf, type Main, type ReadBody, readBody, type Shape } from './response/envelope.ts';
import { type DryRun, type QuoteBody, quoteBody } from './response/quote.ts';
import type { ReadResult } from './response/result.ts';
import { withBalance } from './response/stored.ts';

/** Who sends a read, over whichever transport. */
export type Caller = {
  /** Known by the shape and hash of the key; the database says with the first step of paying whether it exists. */
  readonly principal: Principal;
  readonly requestId: Id<'req'>;
  /** The caller's own trace, for the receipt. */
  readonly traceId?: string | undefined;
  /** The transport has counted the request against its rate limit, as HTTP does before it parses one. */
  readonly isCounted: boolean;
  /** Adds facts to the log line of the request. Called before the response, more than once where the store of counters is down. */
  readonly log: (event: ReadEvent) => void;
};

/** A paid read, parsed and validated by the transport. */
export type ReadCall<M extends Main = Main> = {
  /** For the receipt, and for counting repeated failures. */
  readonly endpoint: string;
  readonly scope: KeyScope;
  /** The URL or shortcode as the caller sent it. */
  readonly input: string;
  readonly request: ReadRequest & { readonly main: M };
  /** What the answer shows. The price is the same for all. */
  readonly shape: Shape;
  readonly freshness: Freshness;
  /** Refuses what is not in the cache. */
  readonly onlyIfCached: boolean;
  /** The entity tags of answers that the caller has, as `entityTag` writes them. */
  readonly knownTags: readonly string[];
  /** The most it may cost, micro-credits; null without a ceiling. */
  readonly ceiling: number | null;
  /** Only prices the read. */
  readonly isDryRun: boolean;
  readonly idempotencyKey: { readonly text: string; readonly digest: string } | null;
  /** SHA-256, in hex, of what makes two calls the same. An Idempotency-Key belongs to one fingerprint. */
  readonly fingerprint: string;
  /** How the transport writes a response, so that a repeat can be answered with the same bytes. */
  readonly format: ResponseFormat;
};

/** Writes a response as it is stored under an Idempotency-Key. */
export type ResponseFormat = {
  /** Part of the entity tag. */
  readonly name: string;
  readonly body: (body: ReadBody<Main>, delivered: AnswerHead) => ResponseText;
  /** Says that the caller has the answer already. */
  readonly unchanged: (delivered: AnswerHead) => ResponseText;
  readonly refusal: (refusal: ReadRefusal) => ResponseText;
};

/** What a transport says of a delivered answer around its body. */
export type AnswerHead = { readonly cache: ReadResult['cache']; readonly entityTag: string };

/** What a read cost, and the available balance after it; null where that would take another query. Micro-credits. */
export type Credits = { readonly used: number; readonly remaining: number | null };

/** What a transport reports besides the content. `rateLimit` is null where the transport has counted the request itself. */
type Facts = { readonly credits: Credits; readonly rateLimit: RateLimitResult | null };

/** A read that ended well: delivered, priced, or answered with the stored response of the same call. */
export type ReadResponse<M extends Main = Main> = Facts &
  (
    | ({ readonly kind: 'delivered'; readonly body: ReadBody<M> } & AnswerHead)
    | ({ readonly kind: 'unchanged' } & AnswerHead)
    | { readonly kind: 'priced'; readonly body: QuoteBody }
    | { readonly kind: 'replayed'; readonly stored: ResponseText }
  );

/** A read that was refused, free of charge. */
export type RefusedRead = Facts & { readonly refusal: ReadRefusal | Refusal<'rate_limited'> };

/** What the log line of the request says of a read. */
export type ReadEvent = Omit<ReadTrace, 'available'> & {
  provider?: string;
  reservedMicroCredits?: number;
  settledMicroCredits?: number;
  rateLimit?: string;
};

/** The ports of the use case. The readers are made when they are needed. */
export type ExecuteReadDeps = {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly owners: KeyOwners;
  readonly seal: ResponseCipher;
  readonly limits: ReadLimits;
  readonly misses: MissAllowances;
  /** `account` is that of the caller, for a fair share of what its reads have in common with others. */
  readonly reader: (account: string) => Reader;
  readonly sandbox: () => Reader;
  readonly priceCardVersion: string;
  /** How long a hold may stay open. It outlives the deadline of a read, so that it never expires under one. */
  readonly holdTtlMs: number;
};

/** Executes one paid read: rate limit, identity and scope, replay or price or read, and payment. */
export type ExecuteRead = <M extends Main>(caller: Caller, call: ReadCall<M>) => Promise<Result<ReadResponse<M>, RefusedRead>>;

export function createExecuteRead(deps: ExecuteReadDeps): ExecuteRead {
  return async function executeRead<M extends Main>(caller: Caller, call: ReadCall<M>) {
    const { rateLimit, refusal } = await countCall(deps, caller);
    if (refusal !== null) return err({ refusal, credits: { used: 0, remaining: null }, rateLimit });
    const run: Run<M> = { deps, caller, call, render: rendererOf(deps, call), key: storageKey(caller, call), trace: {}, rateLimit };
    const reader = modeOf(caller) === 'test' ? deps.sandbox() : deps.reader(sharerOf(deps, caller));
    if (call.isDryRun) {
      const priced = await reader.dryRun(orderOf(run), run.trace);
      return priced.ok ? ok(pricedResponse(run, priced.value)) : stopped(run, priced.error);
    }
    const result = await reader.read(orderOf(run), run.trace);
    return result.ok ? ok(deliveredResponse(run, result.value)) : stopped(run, result.error);
  };
}

/** One execution. `key` is null where no response is stored. */
type Run<M extends Main> = {
  readonly deps: ExecuteReadDeps;
  readonly caller: Caller;
  readonly call: ReadCall<M>;
  readonly render: (result: ReadResult) => Rendered<M>;
  readonly key: ReadCall['idempotencyKey'];
  readonly trace: ReadTrace;
  readonly rateLimit: RateLimitResult | null;
};

function deliveredResponse<M extends Main>(run: Run<M>, result: ReadResult): ReadResponse<M> {
  const { payment, provider } = result;
  logRead(run, { provider: provider.id, reservedMicroCredits: payment.reserved, settledMicroCredits: payment.settled });
  const { body, delivered, isKnown } = run.render(result);
  const facts = { ...delivered, credits: { used: payment.settled, remaining: payment.available }, rateLimit: run.rateLimit };
  return isKnown ? { kind: 'unchanged', ...facts } : { kind: 'delivered', body, ...facts };
}

type Rendered<M extends Main> = { readonly body: ReadBody<M>; readonly delivered: AnswerHead; readonly isKnown: boolean };

/**
 * Renders the results of a call, and compares them with what the caller has. Their content is rendered once: the results of one delivery
 * share its outcome, and differ only in their payment.
 */
function rendererOf<M extends Main>({ priceCardVersion }: ExecuteReadDeps, call: ReadCall<M>): (result: ReadResult) => Rendered<M> {
  const { request, shape, format, knownTags } = call;
  const shown = new WeakMap<ReadResult['outcome'], { readonly content: Content; readonly tag: string }>();
  return (result) => {
    let rendered = shown.get(result.outcome);
    if (rendered === undefined) {
      const content = contentOf({ main: request.main, shape }, result);
      rendered = { content, tag: entityTag(content, format.name) };
      shown.set(result.outcome, rendered);
    }
    const { content, tag } = rendered;
    return {
      body: readBody(content, result, priceCardVersion),
      delivered: { cache: result.cache, entityTag: tag },
      isKnown: knownTags.includes(tag),
    };
  };
}

function pricedResponse(run: Run<Main>, priced: DryRun): ReadResponse<never> {
  logRead(run, {});
  const body = quoteBody(priced, run.deps.priceCardVersion);
  return { kind: 'priced', body, credits: { used: 0, remaining: run.trace.available ?? null }, rateLimit: run.rateLimit };
}

/** Refuses, or replays the stored response with the balance of then. */
async function stopped<M extends Main>(run: Run<M>, stop: Stop): Promise<Result<ReadResponse<M>, RefusedRead>> {
  const { deps, key, trace, rateLimit } = run;
  if (stop.code !== 'replayed') {
    logRead(run, {});
    return err({ refusal: stop, credits: { used: 0, remaining: trace.available ?? null }, rateLimit });
  }
  const { replay, accountId, availableNow } = stop.claimed;
  logRead(run, { accountId });
  if (key === null) throw new Error('only a call with an Idempotency-Key is replayed');
  const credits = { used: 0, remaining: availableNow };
  const stored = await deps.seal.open(replay, key.text);
  if (stored !== null) return ok({ kind: 'replayed', stored: withBalance(stored, replay.available), credits, rateLimit });
  return err({ refusal: { code: 'idempotency_answer_lost', details: { requestId: replay.requestId } }, credits, rateLimit });
}

function logRead({ caller, trace: { available: _headersOnly, ...trace } }: Run<Main>, event: ReadEvent): void {
  caller.log({ ...trace, ...event });
}

/** Counts the call against the caller's quota, unless the transport has done so. The operator is never limited. */
async function countCall({ limits, owners }: ExecuteReadDeps, { principal, isCounted, log }: Caller) {
  if (isCounted || principal.kind === 'operator') return { rateLimit: null, refusal: null };
  const owner = await owners.find(principal.keyHash);
  if (!owner.ok) return { rateLimit: null, refusal: identityRefusal(owner.error) };
  const counted = await takeReadQuota(limits, owner.value);
  const rateLimit = counted === STORE_DOWN ? null : counted;
  const refusal = rateLimit === null ? null : rateLimitRefusal(rateLimit);
  if (rateLimit === null || refusal !== null) log({ rateLimit: rateLimit?.quota.name ?? STORE_DOWN });
  return { rateLimit, refusal };
}

/** The account whose key it is, or the key while that is unknown. */
function sharerOf({ owners }: ExecuteReadDeps, { principal }: Caller): string {
  if (principal.kind === 'operator') return 'operator';
  return owners.known(principal.keyHash)?.accountId ?? principal.keyHash;
}

function modeOf({ principal }: Caller): KeyMode {
  return principal.kind === 'customer' ? principal.mode : 'live';
}

/** Dry runs, samples and the operator's reads are free, so no response is stored for them: their Idempotency-Key has no effect. */
function storageKey(caller: Caller, call: ReadCall): ReadCall['idempotencyKey'] {
  return call.isDryRun || modeOf(caller) === 'test' || caller.principal.kind === 'operator' ? null : call.idempotencyKey;
}

function orderOf<M extends Main>(run: Run<M>): ReadOrder {
  const { endpoint, input, request, freshness, onlyIfCached, ceiling, knownTags } = run.call;
  const isKnown = (result: ReadResult) => knownTags.length > 0 && run.render(result).isKnown;
  const { traceId } = run.caller;
  return {
    endpoint,
    input,
    request,
    freshness,
    onlyIfCached,
    isKnown,
    ceiling,
    traceId,
    payer: payerOf(run),
    misses: allowanceOf(run),
    recorder: recorderOf(run),
  };
}

/** The allowance of the account whose key it is. A key that opens nothing is refused by the payment. */
function allowanceOf({ deps: { owners, misses }, caller: { principal } }: Run<Main>): TargetAllowance | null {
  if (principal.kind === 'operator') return null;
  const { keyHash } = principal;
  return {
    async ask(target) {
      const owner = await owners.find(keyHash);
      return owner.ok ? missRefusal(await misses.ask(owner.value.accountId, target)) : null;
    },
    end(target, outcome) {
      const owner = owners.known(keyHash);
      if (owner !== null) misses.end(owner.accountId, target, outcome);
    },
  };
}

function payerOf<M extends Main>({ deps, caller, call, key }: Run<M>): Payer {
  const { principal, requestId } = caller;
  if (principal.kind === 'operator') return operatorPayer();
  const { ledger, accounts, holdTtlMs } = deps;
  const { keyHash } = principal;
  const { fingerprint, scope } = call;
  return customerPayer({ ledger, accounts, requestId, keyHash, fingerprint, scope, idempotencyKeyHash: key?.digest ?? null, holdTtlMs });
}

function recorderOf<M extends Main>({ deps, call, render, key }: Run<M>): ResponseRecorder | null {
  if (key === null) return null;
  const { format } = call;
  const textOf = (result: ReadResult) => {
    const { body, delivered, isKnown } = render(result);
    return isKnown ? format.unchanged(delivered) : format.body(body, delivered);
  };
  return {
    result: (result) => deps.seal.seal(textOf(result), key.text),
    refusal: (refusal) => deps.seal.seal(format.refusal(refusal), key.text),
  };
}
