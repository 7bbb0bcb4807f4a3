-- How keys and their secrets end: a secret's end may move closer, and a key ends together with every key below it.

-- key_secret ------------------------------------------------------------------------------------------------------------------------

DROP TRIGGER key_secret_update_guard;
--> statement-breakpoint
-- As in 0002, but the end of a retiring secret may move closer: a rotation without a grace period ends every older secret at once, also
-- one that an earlier rotation gave a longer one.
CREATE TRIGGER key_secret_update_guard BEFORE UPDATE ON key_secret BEGIN
  SELECT RAISE(ABORT, 'ledger:secret_identity_is_fixed')
   WHERE NEW.hash IS NOT OLD.hash OR NEW.key_id IS NOT OLD.key_id OR NEW.last4 IS NOT OLD.last4 OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'ledger:secret_end_only_moves_closer')
   WHERE OLD.retires_at IS NOT NULL AND (NEW.retires_at IS NULL OR NEW.retires_at > OLD.retires_at);
END;
--> statement-breakpoint

-- api_key ---------------------------------------------------------------------------------------------------------------------------

-- The keys right below a key that still work are one range, however many have expired: what revoking it ends with it, and what it may still
-- create. A key without an end has one that never comes.
CREATE INDEX api_key_parent ON api_key (parent_id, coalesce(expires_at, 9007199254740991)) WHERE revoked_at IS NULL;
--> statement-breakpoint
-- Keys below a revoked key ended with it but were not marked.
UPDATE api_key
   SET revoked_at = (SELECT min(p.revoked_at) FROM json_each(api_key.lineage) l CROSS JOIN api_key p ON p.id = l.value)
 WHERE revoked_at IS NULL
   AND EXISTS (SELECT 1 FROM json_each(api_key.lineage) l CROSS JOIN api_key p ON p.id = l.value WHERE p.revoked_at IS NOT NULL);
