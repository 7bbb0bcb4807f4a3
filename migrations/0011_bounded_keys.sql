-- Statements about keys that read no more of an account with many ended keys than of any other, and a way to end expired keys.

-- The keys of an account that still work are one range: not revoked, and their end is in the future. A key without an end has one that
-- never comes.
CREATE INDEX api_key_active ON api_key (account_id, coalesce(expires_at, 9007199254740991)) WHERE revoked_at IS NULL;
--> statement-breakpoint
-- The keys whose end has come but who are not marked yet, in the order of their ends.
CREATE INDEX api_key_expired ON api_key (expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;
--> statement-breakpoint
-- The secrets of a key by their end, so that those that still work are one range.
CREATE INDEX key_secret_ends ON key_secret (key_id, coalesce(retires_at, 9007199254740991));
