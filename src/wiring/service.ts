import type { Accounts } from '../billing/accounts/accounts.ts';
import { createKeyOwners, type KeyOwner, type KeyOwners } from '../billing/accounts/key-owners.ts';
import { createAccounts } from '../billing/accounts/libsql-accounts.ts';
import type { IdempotencyStore } from '../billing/idempotency/idempotency.ts';
import { createIdempotencyStore } from '../billing/idempotency/libsql-idempotency.ts';
import { type ResponseCipher, createResponseCipher } from '../billing/idempotency/response-seal.ts';
import type { KeyManager } from '../billing/keys/key-manager.ts';
import { createKeyManager } from '../billing/keys/libsql-key-manager.ts';
import { createOperatorService } from '../billing/operator/libsql-operator.ts';
import type { OperatorService } from '../billing/operator/operator.ts';
import { createTopUps } from '../billing/topups/libsql-top-ups.ts';
import type { TopUps } from '../billing/topups/top-ups.ts';
import { PRICE_CARD } from '../billing/price-card.ts';
import { createUsageBook } from '../billing/usage/libsql-usage.ts';
import type { UsageBook } from '../billing/usage/usage.ts';
import { microCredits } from '../core/money.ts';
import { type Env, type Settings, stripeSecrets, withKey } from '../env.ts';
import type { Payments, Service } from '../http/context.ts';
import { createMissAllowances } from '../limits/miss-allowances.ts';
import { createTurnstile, type Turnstile } from '../limits/turnstile.ts';
import type { Configured } from '../ops/metrics/report.ts';
import { createOperatorReports, type OperatorReports } from '../ops/operator-view.ts';
import { PROVIDER_IDS } from '../providers/provider.ts';
import { createExecuteRead, type ExecuteRead } from '../read/execute-read.ts';
import { createSandbox } from '../read/sandbox/sandbox.ts';
import { openShard, type Shard } from './database.ts';
import { rateLimits } from './rate-limits.ts';
import { buildPayments } from './payments.ts';
import { buildReader } from './reader.ts';
import type { RequestContext } from './runtime.ts';

/** A hold outlives the read's deadline by this much, so that it never expires under a read that still settles. */
const HOLD_SLACK_MS = 15_000;

/** `own` is the shard of the request; `operatorShard` is the one that the operator chose, null when it does not exist. */
type ServiceParts = RequestContext & {
  readonly own: Shard;
  readonly operatorShard: number | null;
  readonly everyShard: () => readonly Shard[];
};

export function createService(parts: ServiceParts): Service {
  return new LazyService(parts);
}

// A request uses few of the parts that could serve it, so each is made at first use. Classes define their getters once; object literals
// would define all of them again for every request, which shows in the benchmark. The fields are private to the compiler only, so that a test
// can put another ledger in front of a service with Object.create.

class LazyService implements Service {
  private readonly parts: ServiceParts;
  private executeReadMade: ExecuteRead | undefined;
  private idempotencyStoreMade: IdempotencyStore | undefined;
  private responseCipherMade: ResponseCipher | undefined;
  private accountsMade: LazyAccounts | undefined;
  private paymentsMade: LazyPayments | undefined;
  private operationsMade: LazyOperations | undefined;

  constructor(parts: ServiceParts) {
    this.parts = parts;
  }

  get shard() {
    return this.parts.own.number;
  }

  get ledger() {
    return this.parts.own.ledger;
  }

  get executeRead() {
    const { settings, env, runtime, background } = this.parts;
    return (this.executeReadMade ??= createExecuteRead({
      ledger: this.ledger,
      accounts: this.accounts.directory,
      owners: this.accounts.owners,
      seal: this.responseCipher,
      limits: { ...rateLimits(settings, env), clock: runtime.clock },
      misses: createMissAllowances({ objects: env.RATE_LIMITS, timeoutMs: settings.RATE_LIMIT_TIMEOUT_MS, background }),
      reader: (account) => buildReader(this.parts, account),
      sandbox: () => createSandbox({ clock: runtime.clock }),
      priceCardVersion: PRICE_CARD.version,
      holdTtlMs: settings.READ_DEADLINE_MS + HOLD_SLACK_MS,
    }));
  }

  get idempotencyStore() {
    return (this.idempotencyStoreMade ??= createIdempotencyStore({ client: this.parts.own.client, clock: this.parts.runtime.clock }));
  }

  get responseCipher() {
    return (this.responseCipherMade ??= createResponseCipher(this.parts.settings.CURSOR_SIGNING_SECRET));
  }

  get accounts() {
    return (this.accountsMade ??= new LazyAccounts(this.parts));
  }

  get payments() {
    return (this.paymentsMade ??= new LazyPayments(this.parts));
  }

  get operations() {
    return (this.operationsMade ??= new LazyOperations(this.parts));
  }
}

/** Whose the keys are that one isolate has met. */
const ownerMemory = new WeakMap<Env, Map<string, KeyOwner>>();

class LazyAccounts {
  private readonly parts: ServiceParts;
  private directoryMade: Accounts | undefined;
  private ownersMade: KeyOwners | undefined;
  private keysMade: KeyManager | undefined;
  private usageMade: UsageBook | undefined;

  constructor(parts: ServiceParts) {
    this.parts = parts;
  }

  get directory() {
    const { own, runtime } = this.parts;
    return (this.directoryMade ??= createAccounts({
      client: own.client,
      clock: runtime.clock,
      ids: runtime.ids,
      signupGrant: this.signupGrant,
      shard: own.number,
      identified: own.attribute,
    }));
  }

  get signupGrant() {
    return microCredits(this.parts.settings.SIGNUP_GRANT_MICRO_CREDITS);
  }

  get owners() {
    const { env } = this.parts;
    const memory = ownerMemory.get(env) ?? new Map<string, KeyOwner>();
    ownerMemory.set(env, memory);
    return (this.ownersMade ??= createKeyOwners(this.directory, memory));
  }

  get keys() {
    const { own, runtime } = this.parts;
    return (this.keysMade ??= createKeyManager({ client: own.client, clock: runtime.clock, ids: runtime.ids, shard: own.number }));
  }

  get usage() {
    return (this.usageMade ??= createUsageBook({ client: this.parts.own.client, clock: this.parts.runtime.clock }));
  }

  get turnstile(): Turnstile | null {
    const { settings, runtime } = this.parts;
    const { TURNSTILE_SECRET_KEY: secret, TURNSTILE_VERIFY_URL: url, TURNSTILE_HOSTNAMES: hostnames, TURNSTILE_ACTION: action } = settings;
    return secret === undefined ? null : createTurnstile({ url, secret, hostnames, action, fetch: runtime.fetch, clock: runtime.clock });
  }
}

class LazyPayments {
  private readonly parts: ServiceParts;
  private topUpsMade: TopUps | undefined;
  private stripeMade: Payments | null | undefined;

  constructor(parts: ServiceParts) {
    this.parts = parts;
  }

  get topUps() {
    return (this.topUpsMade ??= createTopUps({ client: this.parts.own.client, clock: this.parts.runtime.clock }));
  }

  get stripe() {
    const { everyShard: shards, ...parts } = this.parts;
    return (this.stripeMade ??= buildPayments({ ...parts, shards }));
  }
}

class LazyOperations {
  private readonly parts: ServiceParts;
  private chosenMade: Shard | undefined;
  private deskMade: OperatorService | undefined;
  private reportsMade: OperatorReports | undefined;

  constructor(parts: ServiceParts) {
    this.parts = parts;
  }

  get keyHashes() {
    return this.parts.settings.OWNER_ADMIN_KEY_SHA256;
  }

  get shard() {
    return this.parts.operatorShard;
  }

  get desk() {
    const { client, number: shard } = this.open();
    const { clock, ids } = this.parts.runtime;
    return (this.deskMade ??= createOperatorService({ client, clock, ids, shard }));
  }

  get reports() {
    const { client, ledger } = this.open();
    const { settings, runtime } = this.parts;
    return (this.reportsMade ??= createOperatorReports({ client, clock: runtime.clock, ledger, configured: configuredIn(settings) }));
  }

  /** Where the operator chose no shard that exists, the request is refused before it gets here. */
  private open(): Shard {
    const { settings, env, runtime, own, operatorShard } = this.parts;
    return (this.chosenMade ??=
      operatorShard === null || operatorShard === own.number ? own : openShard(settings, env, operatorShard, runtime));
  }
}

function configuredIn(settings: Settings): Configured {
  const providers = new Set(withKey(PROVIDER_IDS, settings));
  return {
    providers: Object.fromEntries(PROVIDER_IDS.map((id) => [id, providers.has(id)])),
    boundaries: {
      achronon: settings.ACHRONON_AI_ENDPOINT !== undefined && settings.ACHRONON_AI_SERVICE_TOKEN !== undefined,
      stripe: stripeSecrets(settings) !== null,
      upstash: settings.UPSTASH_REDIS_REST_URL !== undefined && settings.UPSTASH_REDIS_REST_TOKEN !== undefined,
      turnstile: settings.TURNSTILE_SECRET_KEY !== undefined,
    },
  };
}
