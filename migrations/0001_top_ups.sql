-- Top-ups: what is known about a payment order beside the money itself, which stays in payment.

-- The way to pay an order and what was last seen of it. No row here moves money, so it needs no guard.
-- claimed_by and claimed_until say which request is asking for the checkout session now; next_check_at is when the cron looks at the
-- order again, null when it never has to.
CREATE TABLE checkout (
  payment_id    TEXT PRIMARY KEY NOT NULL,
  account_id    TEXT NOT NULL,
  url           TEXT,
  state         TEXT NOT NULL DEFAULT 'open',
  expires_at    INTEGER NOT NULL,
  claimed_by    TEXT NOT NULL,
  claimed_until INTEGER NOT NULL,
  next_check_at INTEGER
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX checkout_account ON checkout (account_id, payment_id);
--> statement-breakpoint
CREATE INDEX checkout_due ON checkout (next_check_at) WHERE next_check_at IS NOT NULL;
--> statement-breakpoint

-- Which order an idempotency key of an account made. The primary key is what lets two equal requests make one order.
CREATE TABLE checkout_key (
  account_id      TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  payment_id      TEXT NOT NULL,
  created_at      INTEGER NOT NULL,
  PRIMARY KEY (account_id, idempotency_key)
) STRICT, WITHOUT ROWID;
