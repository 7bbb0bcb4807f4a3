import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Accounts } from '../billing/accounts/accounts.ts';
import type { KeyOwners } from '../billing/accounts/key-owners.ts';
import type { KeyManager } from '../billing/keys/key-manager.ts';
import type { ResponseCipher } from '../billing/idempotency/response-seal.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { PaymentService } from '../billing/topups/payment-service.ts';
import type { OperatorService } from '../billing/operator/operator.ts';
import type { PriceCard } from '../billing/price-card.ts';
import type { TopUpCheck } from '../billing/topups/sync.ts';
import type { CheckoutService } from '../billing/topups/checkout.ts';
import type { TopUps } from '../billing/topups/top-ups.ts';
import type { IdempotencyStore } from '../billing/idempotency/idempotency.ts';
import type { UsageBook } from '../billing/usage/usage.ts';
import type { Clock } from '../core/clock.ts';
import type { MicroCredits } from '../core/money.ts';
import type { Env, SettingsProblem } from '../env.ts';
import type { Id, Ids } from '../core/ids.ts';
import type { Leases } from '../limits/leases.ts';
import type { RateLimiter, RateLimitResult } from '../limits/limiter.ts';
import type { Turnstile } from '../limits/turnstile.ts';
import type { OperatorReports } from '../ops/operator-view.ts';
import type { ExecuteRead } from '../read/execute-read.ts';
import type { Result } from '../core/result.ts';
import type { RequestEvent } from './request-event.ts';

export type Payments = {
  readonly desk: CheckoutService;
  readonly check: TopUpCheck;
  readonly readHint: PaymentService['readHint'];
};

/** Exists only when the settings are complete. Every part belongs to one shard, except those of the operator. */
export type Service = {
  readonly shard: number;
  readonly ledger: Ledger;
  readonly executeRead: ExecuteRead;
  readonly idempotencyStore: IdempotencyStore;
  readonly responseCipher: ResponseCipher;
  readonly accounts: {
    readonly directory: Accounts;
    /** Whose a key is, remembered by the isolate. */
    readonly owners: KeyOwners;
    readonly keys: KeyManager;
    /** What a new account receives. */
    readonly signupGrant: MicroCredits;
    readonly usage: UsageBook;
    /** Null where a signup needs no Turnstile challenge. */
    readonly turnstile: Turnstile | null;
  };
  readonly payments: {
    readonly topUps: TopUps;
    /** Null while Stripe's secrets are not set, or its key is of another mode than this deployment. */
    readonly stripe: Payments | null;
  };
  readonly operations: {
    /** SHA-256 in hex of the operator keys. */
    readonly keyHashes: readonly string[];
    /** The shard that the operator chose; null when it does not exist, and the other parts must not be used. */
    readonly shard: number | null;
    readonly desk: OperatorService;
    readonly reports: OperatorReports;
  };
};

/** An address that sent too many unknown keys: the end of the window in which it did, and when one of its keys was last looked up. */
type Guesser = { readonly until: number; readonly lookedUpAt: number };

/** `scale` multiplies the published limits. `guessing` has the blocked addresses, one map for each isolate. Times in unix milliseconds. */
export type RateLimits = {
  readonly limiter: RateLimiter;
  readonly scale: number;
  readonly guessing: Map<string, Guesser>;
  readonly leases: Leases;
};

/** A condition for serving reads. Names only, never values. */
export type ReadinessCheck = { readonly name: string; readonly ok: boolean; readonly problem?: string };

/** Built for each request, because a Worker's connections belong to one request. */
export type AppDeps = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly version: string;
  /** The setting PUBLIC_ORIGIN; null where it is not set. */
  readonly publicOrigin: string | null;
  readonly priceCard: PriceCard;
  readonly log: (event: RequestEvent) => void;
  readonly service: Result<Service, readonly SettingsProblem[]>;
  /** Null while settings are missing: then no route that costs anything is reached. */
  readonly rateLimits: RateLimits | null;
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
};

/** The parts of a request that decide its shard. */
export type ShardHints = {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** The query parameter by which the operator names a shard. */
  readonly shard: string | undefined;
};

/** `background` keeps a promise alive after the answer. */
export type DepsFor = (request: {
  readonly env: Env;
  readonly background: (work: Promise<unknown>) => void;
  readonly hints: ShardHints;
}) => AppDeps;

/** The values of the credit headers. `remaining` is null where it is not known without another query. Micro-credits. */
export type CreditsSeen = { readonly used: number; readonly remaining: number | null };

/** Handlers read these with `c.get`; `c.var` would copy all of them. */
export type AppEnv = {
  Bindings: Env;
  Variables: {
    deps: AppDeps;
    requestId: Id<'req'>;
    event: RequestEvent;
    service: Service;
    measured: RateLimitResult[];
    credits: CreditsSeen;
  };
};

export type AppContext = Context<AppEnv>;
export type App = OpenAPIHono<AppEnv>;
