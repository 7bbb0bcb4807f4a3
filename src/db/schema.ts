import { sql } from 'drizzle-orm';
import { blob, index, integer, primaryKey, sqliteTable, text, unique, uniqueIndex } from 'drizzle-orm/sqlite-core';

// The tables as queries see them. migrations/ creates them, with CHECKs and triggers that drizzle cannot express; a test compares the two.
// Money is never written through these: see src/billing/ledger/libsql-ledger.ts.

export const account = sqliteTable('account', {
  id: text('id').primaryKey().notNull(),
  name: text('name').notNull(),
  postedMicros: integer('posted_micros').notNull().default(0),
  heldMicros: integer('held_micros').notNull().default(0),
  debtMicros: integer('debt_micros').notNull().default(0),
  seq: integer('seq').notNull().default(0),
  status: text('status', { enum: ['active', 'frozen', 'closed'] })
    .notNull()
    .default('active'),
  createdAt: integer('created_at').notNull(),
});

/** An API key. Holds the SHA-256 of the secret, never the secret. */
export const apiKey = sqliteTable(
  'api_key',
  {
    id: text('id').primaryKey().notNull(),
    accountId: text('account_id').notNull(),
    name: text('name').notNull(),
    hash: blob('hash', { mode: 'buffer' }).notNull().unique(),
    last4: text('last4').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
    parentId: text('parent_id'),
    lineage: text('lineage'),
    mode: text('mode', { enum: ['live', 'test'] })
      .notNull()
      .default('live'),
    scopes: text('scopes').notNull().default('["read","billing","keys","account"]'),
    ceilingMicros: integer('ceiling_micros'),
    budgetMicros: integer('budget_micros'),
    budgetPeriod: text('budget_period', { enum: ['day', 'month'] }),
  },
  (table) => [
    index('api_key_account').on(table.accountId, table.createdAt),
    index('api_key_listed').on(table.accountId, sql`(revoked_at IS NULL)`, table.createdAt, table.id),
    index('api_key_active')
      .on(table.accountId, sql`coalesce(expires_at, 9007199254740991)`)
      .where(sql`revoked_at IS NULL`),
    index('api_key_expired')
      .on(table.expiresAt)
      .where(sql`revoked_at IS NULL AND expires_at IS NOT NULL`),
    index('api_key_parent')
      .on(table.parentId, sql`coalesce(expires_at, 9007199254740991)`)
      .where(sql`revoked_at IS NULL`),
  ],
);

/** A secret that authenticates a key; rotation gives a key a second one. */
export const keySecret = sqliteTable(
  'key_secret',
  {
    hash: blob('hash', { mode: 'buffer' }).primaryKey().notNull(),
    keyId: text('key_id').notNull(),
    last4: text('last4').notNull(),
    createdAt: integer('created_at').notNull(),
    retiresAt: integer('retires_at'),
  },
  (table) => [
    index('key_secret_key').on(table.keyId, table.createdAt),
    index('key_secret_ends').on(table.keyId, sql`coalesce(retires_at, 9007199254740991)`),
  ],
);

/** Usage of a key and its child keys, against which budgets are checked. */
export const keyUsage = sqliteTable('key_usage', {
  keyId: text('key_id').primaryKey().notNull(),
  totalMicros: integer('total_micros').notNull().default(0),
  day: integer('day').notNull().default(0),
  dayMicros: integer('day_micros').notNull().default(0),
  month: integer('month').notNull().default(0),
  monthMicros: integer('month_micros').notNull().default(0),
  usedAt: integer('used_at'),
  holdId: text('hold_id'),
  pastDayMicros: integer('past_day_micros').notNull().default(0),
  pastMonthMicros: integer('past_month_micros').notNull().default(0),
  archivedMicros: integer('archived_micros').notNull().default(0),
});

/** The day and month in which a key counts a hold, where these are not those of the hold's own time. */
export const lateHold = sqliteTable(
  'late_hold',
  {
    holdId: text('hold_id').notNull(),
    keyId: text('key_id').notNull(),
    day: integer('day').notNull(),
    month: integer('month').notNull(),
  },
  (table) => [primaryKey({ columns: [table.holdId, table.keyId] })],
);

/** One file of requests that have left the database, or are leaving it. */
export const archive = sqliteTable(
  'archive',
  {
    file: text('file').primaryKey().notNull(),
    kind: text('kind', { enum: ['settled', 'failed'] }).notNull(),
    day: text('day').notNull(),
    firstId: text('first_id').notNull(),
    lastId: text('last_id').notNull(),
    holds: integer('holds').notNull(),
    reservedMicros: integer('reserved_micros').notNull(),
    settledMicros: integer('settled_micros').notNull(),
    createdAt: integer('created_at').notNull(),
    movedHolds: integer('moved_holds').notNull().default(0),
    movedReservedMicros: integer('moved_reserved_micros').notNull().default(0),
    movedSettledMicros: integer('moved_settled_micros').notNull().default(0),
    holdId: text('hold_id'),
    doneAt: integer('done_at'),
  },
  (table) => [
    uniqueIndex('archive_range').on(table.kind, table.firstId),
    index('archive_open')
      .on(table.holdId)
      .where(sql`done_at IS NULL`),
    index('archive_unfinished')
      .on(table.createdAt)
      .where(sql`done_at IS NULL`),
  ],
);

/** A settlement that was given back because its response was never delivered. */
export const reversal = sqliteTable('reversal', {
  holdId: text('hold_id').primaryKey().notNull(),
  micros: integer('micros').notNull(),
  createdAt: integer('created_at').notNull(),
});

export const hold = sqliteTable(
  'hold',
  {
    id: text('id').primaryKey().notNull(),
    accountId: text('account_id').notNull(),
    keyId: text('key_id').notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    amountMicros: integer('amount_micros').notNull(),
    lines: text('lines').notNull(),
    state: text('state', { enum: ['open', 'settled', 'released', 'expired'] })
      .notNull()
      .default('open'),
    settledMicros: integer('settled_micros'),
    reason: text('reason'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    resolvedAt: integer('resolved_at'),
  },
  (table) => [
    uniqueIndex('hold_idempotency')
      .on(table.accountId, table.idempotencyKey)
      .where(sql`idempotency_key <> id`),
    index('hold_open_account')
      .on(table.accountId, table.expiresAt, table.amountMicros)
      .where(sql`state = 'open'`),
    index('hold_open_expiry')
      .on(table.expiresAt)
      .where(sql`state = 'open'`),
    index('hold_settled_account')
      .on(table.accountId, table.resolvedAt, table.id)
      .where(sql`state = 'settled'`),
    index('hold_settled_key')
      .on(table.keyId, table.resolvedAt, table.id)
      .where(sql`state = 'settled'`),
    index('hold_failed_account')
      .on(table.accountId, table.state, table.resolvedAt, table.id)
      .where(sql`state = 'released' OR state = 'expired'`),
    index('hold_failed_key')
      .on(table.keyId, table.state, table.resolvedAt, table.id)
      .where(sql`state = 'released' OR state = 'expired'`),
  ],
);

export const line = sqliteTable(
  'line',
  {
    holdId: text('hold_id').notNull(),
    item: text('item').notNull(),
    reservedMicros: integer('reserved_micros').notNull(),
    settledMicros: integer('settled_micros'),
    reason: text('reason'),
  },
  (table) => [primaryKey({ columns: [table.holdId, table.item] })],
);

/** A settled request: its priced lines and its full receipt. */
export const receipt = sqliteTable('receipt', {
  id: text('id').primaryKey().notNull(),
  accountId: text('account_id').notNull(),
  lines: text('lines').notNull(),
  body: text('body').notNull(),
  createdAt: integer('created_at').notNull(),
});

export const entry = sqliteTable(
  'entry',
  {
    accountId: text('account_id').notNull(),
    seq: integer('seq').notNull(),
    kind: text('kind', { enum: ['usage', 'topup', 'grant', 'clawback', 'reinstate', 'adjust'] }).notNull(),
    ref: text('ref').notNull(),
    deltaMicros: integer('delta_micros').notNull(),
    balanceAfterMicros: integer('balance_after_micros').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.seq] }), unique('entry_fact').on(table.kind, table.ref)],
);

export const payment = sqliteTable(
  'payment',
  {
    id: text('id').primaryKey().notNull(),
    accountId: text('account_id').notNull(),
    sessionId: text('session_id').unique(),
    intentId: text('intent_id').unique(),
    currency: text('currency').notNull(),
    amountMinor: integer('amount_minor').notNull(),
    creditsMicros: integer('credits_micros').notNull(),
    targetMicros: integer('target_micros').notNull().default(0),
    rev: integer('rev').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('payment_by_account').on(table.accountId)],
);

export const stripeEvent = sqliteTable(
  'stripe_event',
  {
    id: text('id').primaryKey().notNull(),
    type: text('type').notNull(),
    objectId: text('object_id').notNull(),
    receivedAt: integer('received_at').notNull(),
    doneAt: integer('done_at'),
  },
  (table) => [index('stripe_event_age').on(table.receivedAt)],
);

/** The checkout session of a top-up order, and its state when last checked. */
export const checkout = sqliteTable(
  'checkout',
  {
    paymentId: text('payment_id').primaryKey().notNull(),
    accountId: text('account_id').notNull(),
    url: text('url'),
    state: text('state').notNull().default('open'),
    expiresAt: integer('expires_at').notNull(),
    claimedBy: text('claimed_by').notNull(),
    claimedUntil: integer('claimed_until').notNull(),
    nextCheckAt: integer('next_check_at'),
    retryAt: integer('retry_at'),
  },
  (table) => [
    index('checkout_account').on(table.accountId, table.paymentId),
    index('checkout_lane')
      .on(sql`(state = 'open')`, table.nextCheckAt)
      .where(sql`next_check_at IS NOT NULL`),
    index('checkout_open')
      .on(table.accountId, table.expiresAt)
      .where(sql`state = 'open'`),
  ],
);

/** The top-up order that an idempotency key created. */
export const checkoutKey = sqliteTable(
  'checkout_key',
  {
    accountId: text('account_id').notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    paymentId: text('payment_id').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.idempotencyKey] }), index('checkout_key_age').on(table.createdAt)],
);

/** A request under an Idempotency-Key: claimed while `status` is null, completed after. */
export const replay = sqliteTable(
  'replay',
  {
    scope: text('scope').notNull(),
    keyDigest: text('key_digest').notNull(),
    fingerprint: text('fingerprint').notNull(),
    requestId: text('request_id').notNull(),
    status: integer('status'),
    answer: text('answer'),
    balanceMicros: integer('balance_micros'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.keyDigest] }), index('replay_expiry').on(table.expiresAt)],
);

/** Consecutive failures of a key to read one target. */
export const failing = sqliteTable(
  'failing',
  {
    keyId: text('key_id').notNull(),
    target: text('target').notNull(),
    failures: integer('failures').notNull(),
    code: text('code').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.keyId, table.target] }), index('failing_last').on(table.lastAt)],
);

export const metric = sqliteTable(
  'metric',
  {
    grain: text('grain', { enum: ['minute', 'hour', 'day', 'total'] }).notNull(),
    bucket: integer('bucket').notNull(),
    name: text('name').notNull(),
    labels: text('labels').notNull(),
    value: integer('value').notNull(),
  },
  (table) => [primaryKey({ columns: [table.grain, table.bucket, table.name, table.labels] })],
);

/** A scheduled job: its last runs, and the state from which it resumes. */
export const job = sqliteTable('job', {
  name: text('name').primaryKey().notNull(),
  lastRunAt: integer('last_run_at'),
  lastSuccessAt: integer('last_success_at'),
  lastFailureAt: integer('last_failure_at'),
  lastDurationMs: integer('last_duration_ms'),
  state: text('state'),
});

export const ownerAction = sqliteTable(
  'owner_action',
  {
    id: text('id').primaryKey().notNull(),
    kind: text('kind').notNull(),
    ref: text('ref').notNull(),
    subject: text('subject').notNull(),
    reason: text('reason').notNull(),
    details: text('details').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [uniqueIndex('owner_action_ref').on(table.kind, table.ref)],
);
