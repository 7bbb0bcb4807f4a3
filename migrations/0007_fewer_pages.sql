-- A payment writes rows of the account all over the database: each index that begins with an account is one more page for it, and these two
-- served nothing that others don't.

-- The receipts of an account are found by its holds. The audit walks receipts by their ids.
DROP INDEX receipt_account;
--> statement-breakpoint

-- Nearly every hold has its own id for an idempotency key, and ids are unique without this. Only keys that callers chose need an index.
DROP INDEX hold_idempotency;
--> statement-breakpoint
CREATE UNIQUE INDEX hold_idempotency ON hold (account_id, idempotency_key) WHERE idempotency_key <> id;
--> statement-breakpoint
DROP TRIGGER hold_insert_guard;
--> statement-breakpoint
-- As in 0000, in words for which the planner sees the index: a key is taken by a hold that chose it, or by the hold whose id it is.
CREATE TRIGGER hold_insert_guard BEFORE INSERT ON hold BEGIN
  SELECT RAISE(ABORT, 'ledger:hold_is_born_open') WHERE NEW.state <> 'open';
  SELECT RAISE(ABORT, 'ledger:hold_exists')
   WHERE EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.id)
      OR EXISTS (SELECT 1 FROM hold h WHERE h.account_id = NEW.account_id AND h.idempotency_key <> h.id
                                        AND h.idempotency_key = NEW.idempotency_key)
      OR EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.idempotency_key AND h.account_id = NEW.account_id AND h.idempotency_key = h.id);
  SELECT RAISE(ABORT, 'ledger:hold_needs_a_live_key') WHERE NOT EXISTS (
    SELECT 1 FROM api_key k
     WHERE k.id = NEW.key_id AND k.account_id = NEW.account_id AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > NEW.created_at));
END;
--> statement-breakpoint
DROP TRIGGER reserve_run;
--> statement-breakpoint
-- As in 0002, with the same words.
CREATE TRIGGER reserve_run INSTEAD OF INSERT ON reserve BEGIN
  UPDATE hold SET state = 'expired', reason = 'expired', resolved_at = NEW.now WHERE id IN (
    SELECT h.id FROM hold h
     WHERE h.state = 'open' AND h.expires_at <= NEW.now AND typeof(NEW.now) = 'integer'
       AND h.account_id = (SELECT k.account_id FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id WHERE s.hash = unhex(NEW.key_hash))
     ORDER BY h.expires_at LIMIT 50);
  INSERT INTO hold (id, account_id, key_id, idempotency_key, fingerprint, amount_micros, lines, created_at, expires_at)
    SELECT NEW.id, a.id, k.id, coalesce(NEW.idempotency_key, NEW.id), NEW.fingerprint, t.amount, NEW.lines, NEW.now, NEW.expires_at
      FROM (
        SELECT sum(CASE typeof(p.amount) WHEN 'integer' THEN p.amount END) AS amount,
               count(*) BETWEEN 1 AND 32 AND count(*) = count(DISTINCT CASE
                 WHEN typeof(p.item) = 'text' AND p.item <> '' AND typeof(p.amount) = 'integer' AND p.amount BETWEEN 0 AND 1000000000000
                 THEN p.item END) AS ok
          FROM (
            SELECT CASE j.type WHEN 'object' THEN j.value ->> 'item' END AS item,
                   CASE j.type WHEN 'object' THEN j.value ->> 'amount' END AS amount
              FROM json_each(CASE WHEN json_valid(NEW.lines) AND NEW.lines LIKE '[%' THEN NEW.lines ELSE '[]' END) j LIMIT 33
          ) p
      ) t CROSS JOIN key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN account a ON a.id = k.account_id
     WHERE t.ok AND t.amount BETWEEN 1 AND 1000000000000
       AND typeof(NEW.id) = 'text' AND NEW.id <> '' AND typeof(NEW.fingerprint) = 'text'
       AND (NEW.idempotency_key IS NULL OR (typeof(NEW.idempotency_key) = 'text' AND NEW.idempotency_key <> ''))
       AND typeof(NEW.now) = 'integer' AND typeof(NEW.expires_at) = 'integer' AND NEW.expires_at > NEW.now
       AND s.hash = unhex(NEW.key_hash) AND (s.retires_at IS NULL OR s.retires_at > NEW.now)
       AND a.status = 'active' AND a.posted_micros - a.held_micros >= t.amount
       AND NOT EXISTS (
         SELECT 1 FROM json_each(k.lineage) l CROSS JOIN api_key p ON p.id = l.value CROSS JOIN key_usage u ON u.key_id = p.id
          WHERE p.revoked_at IS NOT NULL OR p.expires_at <= NEW.now OR p.mode <> 'live' OR p.ceiling_micros < t.amount
             OR p.budget_micros - t.amount < CASE p.budget_period
                  WHEN 'day' THEN CASE WHEN NEW.now / 86400000 > u.day THEN 0 ELSE u.day_micros END
                  WHEN 'month' THEN CASE WHEN coalesce(strftime('%Y%m', NEW.now / 1000, 'unixepoch') + 0, 0) > u.month
                                         THEN 0 ELSE u.month_micros END
                  ELSE u.total_micros END
             OR (NEW.scope IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM json_each(p.scopes) c
                   WHERE c.value = NEW.scope OR c.value || ':' = substr(NEW.scope, 1, length(c.value) + 1))))
       AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.id)
       AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.account_id = a.id AND h.idempotency_key <> h.id
                                              AND h.idempotency_key = coalesce(NEW.idempotency_key, NEW.id))
       AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.idempotency_key AND h.account_id = a.id AND h.idempotency_key = h.id);
END;
