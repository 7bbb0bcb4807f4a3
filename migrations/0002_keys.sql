-- Keys that agents can be trusted with: a tree of keys with scopes, ceilings and budgets, secrets that rotate, and what each key has used.
--
-- A key's limits are those of its whole lineage: the key, its parent, and so on to the root, four keys at most. Nothing is copied down
-- when a key is made, so a parent that is narrowed, expires or is revoked takes its tree along with the next request.
--
-- Days and months are those of UTC, of the time at which a hold was opened.

ALTER TABLE api_key ADD COLUMN parent_id TEXT;
--> statement-breakpoint
-- The ids from the root to the key itself, as JSON; written by the insert's effect.
ALTER TABLE api_key ADD COLUMN lineage TEXT;
--> statement-breakpoint
ALTER TABLE api_key ADD COLUMN mode TEXT NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'test'));
--> statement-breakpoint
ALTER TABLE api_key ADD COLUMN scopes TEXT NOT NULL DEFAULT '["read","billing","keys","account"]' CHECK (json_valid(scopes) AND scopes LIKE '[%');
--> statement-breakpoint
-- The most that one call may cost.
ALTER TABLE api_key ADD COLUMN ceiling_micros INTEGER CHECK (ceiling_micros BETWEEN 0 AND 1000000000000);
--> statement-breakpoint
-- The most that the key and its children may use, in a day, in a month, or in the key's life where there is no period.
ALTER TABLE api_key ADD COLUMN budget_micros INTEGER CHECK (budget_micros BETWEEN 0 AND 1000000000000);
--> statement-breakpoint
ALTER TABLE api_key ADD COLUMN budget_period TEXT CHECK (budget_period IS NULL OR (budget_period IN ('day', 'month') AND budget_micros IS NOT NULL));
--> statement-breakpoint
UPDATE api_key SET lineage = json_array(id);
--> statement-breakpoint

-- The secrets that open a key: SHA-256, never the text. Rotating adds one and lets the others end after a grace period, so that the key
-- keeps its id, its children and what it has used.
CREATE TABLE key_secret (
  hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
  key_id     TEXT NOT NULL,
  last4      TEXT NOT NULL CHECK (length(last4) = 4),
  created_at INTEGER NOT NULL,
  retires_at INTEGER
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX key_secret_key ON key_secret (key_id, created_at);
--> statement-breakpoint
INSERT INTO key_secret (hash, key_id, last4, created_at) SELECT hash, id, last4, created_at FROM api_key;
--> statement-breakpoint

-- What a key and its children have used: settled, or set aside by open holds. day and month say which ones their columns are about;
-- an older one is over and needs no sum. hold_id is the hold that moved the row last.
CREATE TABLE key_usage (
  key_id       TEXT PRIMARY KEY,
  total_micros INTEGER NOT NULL DEFAULT 0,
  day          INTEGER NOT NULL DEFAULT 0,
  day_micros   INTEGER NOT NULL DEFAULT 0,
  month        INTEGER NOT NULL DEFAULT 0,
  month_micros INTEGER NOT NULL DEFAULT 0,
  used_at      INTEGER,
  hold_id      TEXT
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO key_usage (key_id, total_micros, used_at)
  SELECT k.id, (SELECT coalesce(sum(CASE h.state WHEN 'open' THEN h.amount_micros WHEN 'settled' THEN h.settled_micros END), 0)
                  FROM hold h WHERE h.key_id = k.id),
         (SELECT max(h.created_at) FROM hold h WHERE h.key_id = k.id)
    FROM api_key k;
--> statement-breakpoint

-- api_key ---------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER api_key_tree_guard BEFORE INSERT ON api_key BEGIN
  SELECT RAISE(ABORT, 'ledger:key_parent_is_of_its_account') WHERE NEW.parent_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM api_key p WHERE p.id = NEW.parent_id AND p.account_id = NEW.account_id);
  SELECT RAISE(ABORT, 'ledger:key_tree_is_four_deep') WHERE EXISTS (
    SELECT 1 FROM api_key p WHERE p.id = NEW.parent_id AND json_array_length(p.lineage) >= 4);
END;
--> statement-breakpoint
CREATE TRIGGER api_key_insert_effect AFTER INSERT ON api_key BEGIN
  UPDATE api_key
     SET lineage = coalesce((SELECT json_insert(p.lineage, '$[#]', NEW.id) FROM api_key p WHERE p.id = NEW.parent_id), json_array(NEW.id))
   WHERE id = NEW.id;
  INSERT INTO key_secret (hash, key_id, last4, created_at) VALUES (NEW.hash, NEW.id, NEW.last4, NEW.created_at);
  INSERT INTO key_usage (key_id) VALUES (NEW.id);
END;
--> statement-breakpoint
-- Whose child a key is and whether it spends real money never changes.
CREATE TRIGGER api_key_place_guard BEFORE UPDATE ON api_key BEGIN
  SELECT RAISE(ABORT, 'ledger:key_place_is_fixed') WHERE NEW.parent_id IS NOT OLD.parent_id OR NEW.mode IS NOT OLD.mode;
  SELECT RAISE(ABORT, 'ledger:key_lineage_follows_its_place') WHERE NEW.lineage IS NOT coalesce(
    (SELECT json_insert(p.lineage, '$[#]', NEW.id) FROM api_key p WHERE p.id = NEW.parent_id), json_array(NEW.id));
END;
--> statement-breakpoint

-- key_secret ------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER key_secret_insert_guard BEFORE INSERT ON key_secret BEGIN
  SELECT RAISE(ABORT, 'ledger:secret_needs_a_key') WHERE NOT EXISTS (
    SELECT 1 FROM api_key k WHERE k.id = NEW.key_id AND k.revoked_at IS NULL);
  SELECT RAISE(ABORT, 'ledger:secret_exists') WHERE EXISTS (SELECT 1 FROM key_secret s WHERE s.hash = NEW.hash);
END;
--> statement-breakpoint
CREATE TRIGGER key_secret_update_guard BEFORE UPDATE ON key_secret BEGIN
  SELECT RAISE(ABORT, 'ledger:secret_identity_is_fixed')
   WHERE NEW.hash IS NOT OLD.hash OR NEW.key_id IS NOT OLD.key_id OR NEW.last4 IS NOT OLD.last4 OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'ledger:secret_retires_once') WHERE OLD.retires_at IS NOT NULL AND NEW.retires_at IS NOT OLD.retires_at;
END;
--> statement-breakpoint
CREATE TRIGGER key_secret_delete_guard BEFORE DELETE ON key_secret BEGIN
  SELECT RAISE(ABORT, 'ledger:secrets_are_kept');
END;
--> statement-breakpoint

-- key_usage -------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER key_usage_insert_guard BEFORE INSERT ON key_usage BEGIN
  SELECT RAISE(ABORT, 'ledger:usage_is_born_empty_with_its_key')
   WHERE NEW.total_micros <> 0 OR NEW.day_micros <> 0 OR NEW.month_micros <> 0 OR NEW.day <> 0 OR NEW.month <> 0
      OR NEW.used_at IS NOT NULL OR NEW.hold_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = NEW.key_id)
      OR EXISTS (SELECT 1 FROM key_usage u WHERE u.key_id = NEW.key_id);
END;
--> statement-breakpoint
-- A hold without lines, or a resolved one with an unsettled line, exists only while the hold's own effect runs: nobody else ever sees
-- it. So this lets the effects through, and nothing that is written by hand.
CREATE TRIGGER key_usage_update_guard BEFORE UPDATE ON key_usage BEGIN
  SELECT RAISE(ABORT, 'ledger:usage_moves_only_by_hold') WHERE NEW.key_id IS NOT OLD.key_id OR NOT EXISTS (
    SELECT 1 FROM hold h
     WHERE h.id = NEW.hold_id
       AND CASE h.state
             WHEN 'open' THEN NOT EXISTS (SELECT 1 FROM line l WHERE l.hold_id = h.id)
             ELSE EXISTS (SELECT 1 FROM line l WHERE l.hold_id = h.id AND l.settled_micros IS NULL)
           END);
END;
--> statement-breakpoint
CREATE TRIGGER key_usage_delete_guard BEFORE DELETE ON key_usage BEGIN
  SELECT RAISE(ABORT, 'ledger:usage_is_kept');
END;
--> statement-breakpoint

-- hold ------------------------------------------------------------------------------------------------------------------------------

-- What 0000 asks of a hold's key is asked of its lineage.
CREATE TRIGGER hold_lineage_guard BEFORE INSERT ON hold BEGIN
  SELECT RAISE(ABORT, 'ledger:hold_needs_a_live_lineage') WHERE EXISTS (
    SELECT 1 FROM api_key k CROSS JOIN json_each(k.lineage) l CROSS JOIN api_key p ON p.id = l.value
     WHERE k.id = NEW.key_id AND (p.revoked_at IS NOT NULL OR p.expires_at <= NEW.created_at OR p.mode <> 'live'));
  SELECT RAISE(ABORT, 'ledger:hold_is_above_a_ceiling') WHERE EXISTS (
    SELECT 1 FROM api_key k CROSS JOIN json_each(k.lineage) l CROSS JOIN api_key p ON p.id = l.value
     WHERE k.id = NEW.key_id AND p.ceiling_micros < NEW.amount_micros);
END;
--> statement-breakpoint
DROP TRIGGER hold_insert_effect;
--> statement-breakpoint
-- As in 0000, and the hold counts against its key's lineage. That comes before the lines: see key_usage_update_guard.
CREATE TRIGGER hold_insert_effect AFTER INSERT ON hold BEGIN
  UPDATE account SET held_micros = held_micros + NEW.amount_micros
   WHERE id = NEW.account_id AND status = 'active' AND posted_micros - held_micros >= NEW.amount_micros;
  SELECT RAISE(ABORT, 'ledger:insufficient_credits') WHERE changes() <> 1;
  UPDATE key_usage
     SET hold_id = NEW.id,
         total_micros = total_micros + NEW.amount_micros,
         day_micros = CASE WHEN NEW.created_at / 86400000 > day THEN NEW.amount_micros
                           WHEN NEW.created_at / 86400000 = day THEN day_micros + NEW.amount_micros ELSE day_micros END,
         day = max(day, NEW.created_at / 86400000),
         month_micros = CASE WHEN coalesce(strftime('%Y%m', NEW.created_at / 1000, 'unixepoch') + 0, 0) > month THEN NEW.amount_micros
                             WHEN coalesce(strftime('%Y%m', NEW.created_at / 1000, 'unixepoch') + 0, 0) = month
                             THEN month_micros + NEW.amount_micros ELSE month_micros END,
         month = max(month, coalesce(strftime('%Y%m', NEW.created_at / 1000, 'unixepoch') + 0, 0)),
         used_at = CASE key_id WHEN NEW.key_id THEN max(coalesce(used_at, 0), NEW.created_at) ELSE used_at END
   WHERE key_id IN (SELECT l.value FROM api_key k CROSS JOIN json_each(k.lineage) l WHERE k.id = NEW.key_id);
  SELECT RAISE(ABORT, 'ledger:usage_must_be_counted')
   WHERE changes() IS NOT (SELECT json_array_length(k.lineage) FROM api_key k WHERE k.id = NEW.key_id);
  SELECT RAISE(ABORT, 'ledger:key_budget_exceeded') WHERE EXISTS (
    SELECT 1 FROM api_key k CROSS JOIN json_each(k.lineage) l CROSS JOIN api_key p ON p.id = l.value CROSS JOIN key_usage u ON u.key_id = p.id
     WHERE k.id = NEW.key_id
       AND p.budget_micros < CASE p.budget_period WHEN 'day' THEN u.day_micros WHEN 'month' THEN u.month_micros ELSE u.total_micros END);
  INSERT INTO line (hold_id, item, reserved_micros)
    SELECT NEW.id, j.value ->> 'item', j.value ->> 'amount' FROM json_each(NEW.lines) j;
  SELECT RAISE(ABORT, 'ledger:lines_must_add_up_to_the_hold') WHERE (
    SELECT sum(l.reserved_micros) IS NOT NEW.amount_micros OR count(*) <> (SELECT count(*) FROM json_each(NEW.lines))
      FROM line l WHERE l.hold_id = NEW.id);
END;
--> statement-breakpoint
DROP TRIGGER hold_update_effect;
--> statement-breakpoint
-- As in 0000, and what was not settled comes back to the budgets of the day and month in which the hold was opened.
CREATE TRIGGER hold_update_effect AFTER UPDATE ON hold BEGIN
  UPDATE account SET held_micros = held_micros - OLD.amount_micros WHERE id = OLD.account_id;
  UPDATE key_usage
     SET hold_id = NEW.id,
         total_micros = total_micros - OLD.amount_micros + coalesce(NEW.settled_micros, 0),
         day_micros = day_micros - CASE day WHEN OLD.created_at / 86400000
                                            THEN OLD.amount_micros - coalesce(NEW.settled_micros, 0) ELSE 0 END,
         month_micros = month_micros - CASE month WHEN coalesce(strftime('%Y%m', OLD.created_at / 1000, 'unixepoch') + 0, 0)
                                                  THEN OLD.amount_micros - coalesce(NEW.settled_micros, 0) ELSE 0 END
   WHERE key_id IN (SELECT l.value FROM api_key k CROSS JOIN json_each(k.lineage) l WHERE k.id = OLD.key_id)
     AND OLD.amount_micros <> coalesce(NEW.settled_micros, 0);
  UPDATE line SET settled_micros = 0, reason = NEW.reason WHERE hold_id = NEW.id AND NEW.state <> 'settled';
  UPDATE line
     SET settled_micros = coalesce((SELECT j.value ->> 'settled' FROM receipt r CROSS JOIN json_each(r.lines) j
                                     WHERE r.id = NEW.id AND j.value ->> 'item' = line.item), 0),
         reason = (SELECT j.value ->> 'reason' FROM receipt r CROSS JOIN json_each(r.lines) j
                    WHERE r.id = NEW.id AND j.value ->> 'item' = line.item)
   WHERE hold_id = NEW.id AND NEW.state = 'settled';
  SELECT RAISE(ABORT, 'ledger:lines_must_add_up_to_the_settlement') WHERE (
    SELECT sum(l.settled_micros) IS NOT coalesce(NEW.settled_micros, 0) OR count(*) <> count(l.settled_micros)
      FROM line l WHERE l.hold_id = NEW.id);
  INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at)
    SELECT a.id, a.seq + 1, 'usage', NEW.id, -NEW.settled_micros, a.posted_micros - NEW.settled_micros, NEW.resolved_at
      FROM account a WHERE a.id = NEW.account_id AND NEW.settled_micros > 0;
  SELECT RAISE(ABORT, 'ledger:settlement_must_be_booked')
   WHERE NEW.settled_micros > 0 AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.kind = 'usage' AND e.ref = NEW.id);
  UPDATE account SET debt_micros = max(0, held_micros - posted_micros) WHERE id = OLD.account_id AND debt_micros > 0;
END;
--> statement-breakpoint

-- Procedures ------------------------------------------------------------------------------------------------------------------------

-- As in 0000, and the key is found by any secret that has not retired, and its whole lineage must be live, allow the scope, and have
-- room for the amount. scope may be null: then any key may.
DROP VIEW reserve;
--> statement-breakpoint
CREATE VIEW reserve AS
  SELECT '' AS id, '' AS key_hash, '' AS idempotency_key, '' AS fingerprint, '' AS lines, 0 AS now, 0 AS expires_at, '' AS scope WHERE 0;
--> statement-breakpoint
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
       AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.account_id = a.id AND h.idempotency_key = coalesce(NEW.idempotency_key, NEW.id));
END;
--> statement-breakpoint
DROP VIEW charge;
--> statement-breakpoint
CREATE VIEW charge AS
  SELECT '' AS id, '' AS key_hash, '' AS idempotency_key, '' AS fingerprint, '' AS lines, '' AS body, 0 AS now, '' AS scope WHERE 0;
--> statement-breakpoint
CREATE TRIGGER charge_run INSTEAD OF INSERT ON charge BEGIN
  INSERT INTO reserve (id, key_hash, idempotency_key, fingerprint, lines, now, expires_at, scope)
    SELECT NEW.id, NEW.key_hash, NEW.idempotency_key, NEW.fingerprint,
           CASE WHEN json_valid(NEW.body) AND NEW.body LIKE '{%' THEN NEW.lines ELSE '[]' END, NEW.now, NEW.now + 60000, NEW.scope
     WHERE NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.id);
  INSERT INTO settle (id, lines, body, now)
    SELECT h.id, (SELECT json_group_array(json_object('item', l.item, 'settled', l.reserved_micros)) FROM line l WHERE l.hold_id = h.id),
           NEW.body, NEW.now
      FROM hold h CROSS JOIN key_secret s ON s.key_id = h.key_id
     WHERE h.id = NEW.id AND h.state = 'open' AND h.fingerprint = NEW.fingerprint AND s.hash = unhex(NEW.key_hash);
END;
--> statement-breakpoint

-- The laws of keys, beside those of `audit`.
CREATE VIEW key_audit AS
  SELECT 'usage_is_what_the_holds_took' AS law, count(*) AS broken
    FROM key_usage u
    LEFT JOIN (
      SELECT l.value AS key_id, sum(t.micros) AS total,
             sum(CASE v.day WHEN t.created_at / 86400000 THEN t.micros ELSE 0 END) AS day,
             sum(CASE v.month WHEN coalesce(strftime('%Y%m', t.created_at / 1000, 'unixepoch') + 0, 0) THEN t.micros ELSE 0 END) AS month
        FROM (SELECT h.key_id, h.created_at,
                     CASE h.state WHEN 'open' THEN h.amount_micros WHEN 'settled' THEN h.settled_micros ELSE 0 END AS micros FROM hold h) t
             CROSS JOIN api_key k ON k.id = t.key_id CROSS JOIN json_each(k.lineage) l CROSS JOIN key_usage v ON v.key_id = l.value
       GROUP BY l.value
    ) s ON s.key_id = u.key_id
   WHERE u.total_micros <> coalesce(s.total, 0)
      OR (u.day > 0 AND u.day_micros <> coalesce(s.day, 0)) OR (u.month > 0 AND u.month_micros <> coalesce(s.month, 0))
  UNION ALL
  SELECT 'lineage_follows_the_parents', count(*) FROM api_key k LEFT JOIN api_key p ON p.id = k.parent_id
   WHERE k.lineage IS NOT coalesce(json_insert(p.lineage, '$[#]', k.id), json_array(k.id))
      OR (k.parent_id IS NOT NULL AND p.account_id IS NOT k.account_id)
  UNION ALL
  SELECT 'keys_have_their_usage', count(*) FROM api_key k WHERE NOT EXISTS (SELECT 1 FROM key_usage u WHERE u.key_id = k.id)
  UNION ALL
  SELECT 'secrets_have_a_key', count(*) FROM key_secret s WHERE NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = s.key_id);
