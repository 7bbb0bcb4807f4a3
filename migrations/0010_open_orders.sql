-- Unpaid orders delay no others: they are checked in a lane of their own and are limited for each account.

-- Not before this time is an order checked again whose last check failed, or that a run has taken; null after a check that worked. Beside
-- next_check_at, because a session that Stripe lists as paid is checked before its order is due.
ALTER TABLE checkout ADD COLUMN retry_at INTEGER;
--> statement-breakpoint
DROP INDEX checkout_due;
--> statement-breakpoint

-- The orders that are due, unpaid and other ones apart, longest overdue first.
CREATE INDEX checkout_lane ON checkout ((state = 'open'), next_check_at) WHERE next_check_at IS NOT NULL;
--> statement-breakpoint

-- The unpaid orders of an account, to count those that can still be paid.
CREATE INDEX checkout_open ON checkout (account_id, expires_at) WHERE state = 'open';
