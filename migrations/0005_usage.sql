-- Lists that end at their page: reads that failed, and the keys of an account.

-- Failed reads, newest first, of an account or of one of its keys; those that were settled have indexes of their own (0003). Written as an
-- OR, because the planner uses a partial index only where it sees its condition in the query, and doesn't look inside an IN.
CREATE INDEX hold_failed_account ON hold (account_id, state, resolved_at, id) WHERE state = 'released' OR state = 'expired';
--> statement-breakpoint
CREATE INDEX hold_failed_key ON hold (key_id, state, resolved_at, id) WHERE state = 'released' OR state = 'expired';
--> statement-breakpoint
-- The keys of an account as they are listed, backwards: the living first, then the newest.
CREATE INDEX api_key_listed ON api_key (account_id, (revoked_at IS NULL), created_at, id);
