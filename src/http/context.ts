import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Accounts } from '../billing/accounts/accounts.ts';
import type { KeyRing } from '../billing/keys/key-manager.ts';
import type { AnswerSeal } from '../billing/idempotency/response-seal.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { PaymentService } from '../billing/topups/payment-service.ts';
import type { OwnerDesk } from '../billing/operator/operator.ts';
import type { PriceCard } from '../billing/price-card.ts';
import type { TopUpCheck } from '../billing/topups/sync.ts';
import type { TopUpDesk } from '../billing/topups/checkout.ts';
import type { TopUps } from '../billing/topups/top-ups.ts';
import type { Replays } from '../billing/idempotency/idempotency.ts';
import type { UsageBook } from '../billing/usage/usage.ts';
import type { Clock } from '../core/clock.ts';
import type { Env, SettingsProblem } from '../env.ts';
import type { Id, Ids } from '../core/ids.ts';
import type { RateLimiter, RateLimitResult } from '../limits/limiter.ts';
import type { Turnstile } from '../limits/turnstile.ts';
import type { OwnerView } from '../ops/operator-view.ts';
import type { ExecuteRead } from '../read/execute-read.ts';
import type { Result } from '../core/result.ts';
import type { RequestEvent } from './request-event.ts';

/** How money comes in. */
export type Payments = {
  readonly desk: TopUpDesk;
  readonly check: TopUpCheck;
  readonly readHint: PaymentService['readHint'];
};

/** What the paid part of the API works with; exists only when the settings are complete. */
export type Service = {
  /** The shard that everything here belongs to, but `ownerDesk` and `ownerView`. */
  readonly shard: number;
  /** The shard that those two belong to, as the owner chose; null when there is none of that number, and they are not to be used. */
  readonly ownersShard: number | null;
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly keyRing: KeyRing;
  readonly executeRead: ExecuteRead;
  readonly topUps: TopUps;
  /** Null while Stripe's secrets are not set. */
  readonly payments: Payments | null;
  readonly usage: UsageBook;
  readonly replays: Replays;
  readonly answerSeal: AnswerSeal;
  /** SHA-256 in hex of the keys that are the owner's. */
  readonly ownerKeyHashes: readonly string[];
  /** Null where a signup need not prove that a person is behind it. */
  readonly turnstile: Turnstile | null;
  readonly ownerDesk: OwnerDesk;
  readonly ownerView: OwnerView;
};

/**
 * Who counts requests, and how many times the published limits apply here. `guessing` holds the addresses that sent too many keys
 * that do not exist, and until when (in milliseconds): one map for each isolate.
 */
export type RateLimits = { readonly limiter: RateLimiter; readonly scale: number; readonly guessing: Map<string, number> };

/** What one request was told about one of its limits. */
export type Measured = RateLimitResult;

/** One thing that must work before the service can take reads, and whether it does. Names only, never values. */
export type ReadinessCheck = { readonly name: string; readonly ok: boolean; readonly problem?: string };

/** Everything a request is handled with. Built for each request, since a Worker's connections belong to one request. */
export type AppDeps = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly version: string;
  readonly priceCard: PriceCard;
  readonly log: (event: RequestEvent) => void;
  readonly service: Result<Service, readonly SettingsProblem[]>;
  /** Null while settings are missing: nothing that costs anything is reached then. */
  readonly rateLimits: RateLimits | null;
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
};

/** What of a request tells which shard it belongs to. */
export type ShardHints = {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** The query parameter by which the owner names a shard. */
  readonly shard: string | undefined;
};

/** Builds the dependencies of one request; `background` keeps a promise alive after the answer, `hints` tell whose database is needed. */
export type DepsFor = (request: {
  readonly env: Env;
  readonly background: (work: Promise<unknown>) => void;
  readonly hints: ShardHints;
}) => AppDeps;

/** What an answer says in its headers about money. `remaining` is null where it isn't known without asking. Micro-credits. */
export type CreditsSeen = { readonly used: number; readonly remaining: number | null };

/** Hono's view of it: what handlers find with `c.get`, which makes no copy of all of it as `c.var` does. */
export type AppEnv = {
  Bindings: Env;
  Variables: {
    deps: AppDeps;
    requestId: Id<'req'>;
    event: RequestEvent;
    service: Service;
    measured: Measured[];
    credits: CreditsSeen;
  };
};

export type AppContext = Context<AppEnv>;
export type App = OpenAPIHono<AppEnv>;
