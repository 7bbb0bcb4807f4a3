-- What a key has used is one truth: every hold counts in some day and month of the key, and what is given back after a settlement leaves
-- the key's usage, the reports and the revenue like what was never settled.
--
-- Until now a hold opened with a time before the key's current day or month counted nowhere, so one clock that ran ahead switched a budget
-- off for everybody behind it. Such a late hold now counts in the key's current period. No clock is asked which of two is right: a clock
-- that is ahead begins a period early, and ends it no later than by its own error.

-- What the key used in days and months before its current ones. The total is always a past and a current part.
ALTER TABLE key_usage ADD COLUMN past_day_micros INTEGER NOT NULL DEFAULT 0;
--> statement-breakpoint
ALTER TABLE key_usage ADD COLUMN past_month_micros INTEGER NOT NULL DEFAULT 0;
--> statement-breakpoint

-- The day and month in which a key of a hold's lineage counts it, where they are not those of the hold's own time. Usually empty.
CREATE TABLE late_hold (
  hold_id TEXT NOT NULL,
  key_id  TEXT NOT NULL,
  day     INTEGER NOT NULL,
  month   INTEGER NOT NULL,
  PRIMARY KEY (hold_id, key_id)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- A settlement that was given back because its response was never delivered. It is booked as the adjustment undelivered:<hold>.
CREATE TABLE reversal (
  hold_id    TEXT PRIMARY KEY,
  micros     INTEGER NOT NULL CHECK (micros > 0),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO reversal (hold_id, micros, created_at)
  SELECT h.id, h.settled_micros, e.created_at
    FROM entry e CROSS JOIN hold h ON h.id = substr(e.ref, 13)
   WHERE e.kind = 'adjust' AND e.ref >= 'undelivered:' AND e.ref < 'undelivered;' AND h.settled_micros = e.delta_micros;
--> statement-breakpoint
INSERT INTO metric_add (grain, bucket, name, labels, value)
  SELECT 'minute', v.created_at - v.created_at % 60000, 'reversed_micros', '{}', v.micros FROM reversal v;
--> statement-breakpoint

DROP TRIGGER key_usage_update_guard;
--> statement-breakpoint
UPDATE key_usage
   SET total_micros = total_micros - r.total, day_micros = day_micros - r.day, month_micros = month_micros - r.month
  FROM (SELECT l.value AS key_id, sum(v.micros) AS total,
               sum(CASE u.day WHEN h.created_at / 86400000 THEN v.micros ELSE 0 END) AS day,
               sum(CASE u.month WHEN coalesce(strftime('%Y%m', h.created_at / 1000, 'unixepoch') + 0, 0) THEN v.micros ELSE 0 END) AS month
          FROM reversal v CROSS JOIN hold h ON h.id = v.hold_id CROSS JOIN api_key k ON k.id = h.key_id
               CROSS JOIN json_each(k.lineage) l CROSS JOIN key_usage u ON u.key_id = l.value
         GROUP BY l.value) r
 WHERE key_usage.key_id = r.key_id;
--> statement-breakpoint
UPDATE key_usage SET past_day_micros = total_micros - day_micros, past_month_micros = total_micros - month_micros;
--> statement-breakpoint
-- As in 0002, and a reversal moves usage while its entry is missing, which is only within the reversal's own effect.
CREATE TRIGGER key_usage_update_guard BEFORE UPDATE ON key_usage BEGIN
  SELECT RAISE(ABORT, 'ledger:usage_moves_only_by_hold') WHERE NEW.key_id IS NOT OLD.key_id OR NOT EXISTS (
    SELECT 1 FROM hold h
     WHERE h.id = NEW.hold_id
       AND CASE h.state
             WHEN 'open' THEN NOT EXISTS (SELECT 1 FROM line l WHERE l.hold_id = h.id)
             ELSE EXISTS (SELECT 1 FROM line l WHERE l.hold_id = h.id AND l.settled_micros IS NULL)
               OR EXISTS (SELECT 1 FROM reversal v WHERE v.hold_id = h.id
                             AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.kind = 'adjust' AND e.ref = 'undelivered:' || h.id))
           END);
END;
--> statement-breakpoint

-- late_hold -------------------------------------------------------------------------------------------------------------------------

-- Written while the hold has no lines yet, which nobody but its own effect ever sees.
CREATE TRIGGER late_hold_insert_guard BEFORE INSERT ON late_hold BEGIN
  SELECT RAISE(ABORT, 'ledger:late_hold_comes_from_its_hold') WHERE NOT EXISTS (
    SELECT 1 FROM hold h CROSS JOIN key_usage u ON u.key_id = NEW.key_id
     WHERE h.id = NEW.hold_id AND h.state = 'open' AND u.hold_id = h.id AND u.day = NEW.day AND u.month = NEW.month
       AND NOT EXISTS (SELECT 1 FROM line l WHERE l.hold_id = h.id));
END;
--> statement-breakpoint
CREATE TRIGGER late_hold_update_guard BEFORE UPDATE ON late_hold BEGIN
  SELECT RAISE(ABORT, 'ledger:late_holds_are_fixed');
END;
--> statement-breakpoint
CREATE TRIGGER late_hold_delete_guard BEFORE DELETE ON late_hold BEGIN
  SELECT RAISE(ABORT, 'ledger:late_holds_are_kept');
END;
--> statement-breakpoint

-- reversal --------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER reversal_insert_guard BEFORE INSERT ON reversal BEGIN
  SELECT RAISE(ABORT, 'ledger:reversal_gives_a_settlement_back') WHERE NOT EXISTS (
    SELECT 1 FROM hold h WHERE h.id = NEW.hold_id AND h.state = 'settled' AND h.settled_micros = NEW.micros);
  SELECT RAISE(ABORT, 'ledger:reversal_exists') WHERE EXISTS (SELECT 1 FROM reversal v WHERE v.hold_id = NEW.hold_id);
END;
--> statement-breakpoint
-- The usage comes before the entry: see key_usage_update_guard.
CREATE TRIGGER reversal_insert_effect AFTER INSERT ON reversal BEGIN
  UPDATE key_usage
     SET hold_id = NEW.hold_id,
         total_micros = total_micros - NEW.micros,
         day_micros = day_micros - NEW.micros
           * (day = coalesce((SELECT t.day FROM late_hold t WHERE t.hold_id = NEW.hold_id AND t.key_id = key_usage.key_id), (SELECT h.created_at FROM hold h WHERE h.id = NEW.hold_id) / 86400000)),
         past_day_micros = past_day_micros - NEW.micros
           * (day <> coalesce((SELECT t.day FROM late_hold t WHERE t.hold_id = NEW.hold_id AND t.key_id = key_usage.key_id), (SELECT h.created_at FROM hold h WHERE h.id = NEW.hold_id) / 86400000)),
         month_micros = month_micros - NEW.micros
           * (month = coalesce((SELECT t.month FROM late_hold t WHERE t.hold_id = NEW.hold_id AND t.key_id = key_usage.key_id),
                             coalesce(strftime('%Y%m', (SELECT h.created_at FROM hold h WHERE h.id = NEW.hold_id) / 1000, 'unixepoch') + 0, 0))),
         past_month_micros = past_month_micros - NEW.micros
           * (month <> coalesce((SELECT t.month FROM late_hold t WHERE t.hold_id = NEW.hold_id AND t.key_id = key_usage.key_id),
                             coalesce(strftime('%Y%m', (SELECT h.created_at FROM hold h WHERE h.id = NEW.hold_id) / 1000, 'unixepoch') + 0, 0)))
   WHERE key_id IN (
     SELECT l.value FROM hold h CROSS JOIN api_key k ON k.id = h.key_id CROSS JOIN json_each(k.lineage) l WHERE h.id = NEW.hold_id);
  INSERT INTO credit (account_id, kind, ref, delta, now)
    SELECT h.account_id, 'adjust', 'undelivered:' || h.id, NEW.micros, NEW.created_at FROM hold h WHERE h.id = NEW.hold_id;
  SELECT RAISE(ABORT, 'ledger:reversal_must_be_booked') WHERE NOT EXISTS (
    SELECT 1 FROM entry e WHERE e.kind = 'adjust' AND e.ref = 'undelivered:' || NEW.hold_id AND e.delta_micros = NEW.micros);
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('minute', NEW.created_at - NEW.created_at % 60000, 'reversed_micros', '{}', NEW.micros);
END;
--> statement-breakpoint
CREATE TRIGGER reversal_update_guard BEFORE UPDATE ON reversal BEGIN
  SELECT RAISE(ABORT, 'ledger:reversals_are_fixed');
END;
--> statement-breakpoint
CREATE TRIGGER reversal_delete_guard BEFORE DELETE ON reversal BEGIN
  SELECT RAISE(ABORT, 'ledger:reversals_are_kept');
END;
--> statement-breakpoint
-- The reference undelivered:<hold> belongs to reversals.
CREATE TRIGGER entry_reversal_guard BEFORE INSERT ON entry WHEN NEW.ref >= 'undelivered:' AND NEW.ref < 'undelivered;' BEGIN
  SELECT RAISE(ABORT, 'ledger:undelivered_entry_needs_its_reversal') WHERE NOT EXISTS (
    SELECT 1 FROM reversal v CROSS JOIN hold h ON h.id = v.hold_id
     WHERE v.hold_id = substr(NEW.ref, 13) AND v.micros = NEW.delta_micros AND h.account_id = NEW.account_id AND NEW.kind = 'adjust');
END;
--> statement-breakpoint

-- hold ------------------------------------------------------------------------------------------------------------------------------

DROP TRIGGER hold_insert_effect;
--> statement-breakpoint
-- As in 0002, except that a hold from before a key's current period counts in that period, and where it counts is written down.
CREATE TRIGGER hold_insert_effect AFTER INSERT ON hold BEGIN
  UPDATE account SET held_micros = held_micros + NEW.amount_micros
   WHERE id = NEW.account_id AND status = 'active' AND posted_micros - held_micros >= NEW.amount_micros;
  SELECT RAISE(ABORT, 'ledger:insufficient_credits') WHERE changes() <> 1;
  UPDATE key_usage
     SET hold_id = NEW.id,
         total_micros = total_micros + NEW.amount_micros,
         day_micros = NEW.amount_micros + CASE WHEN NEW.created_at / 86400000 > day THEN 0 ELSE day_micros END,
         past_day_micros = past_day_micros + CASE WHEN NEW.created_at / 86400000 > day THEN day_micros ELSE 0 END,
         day = max(day, NEW.created_at / 86400000),
         month_micros = NEW.amount_micros + CASE WHEN coalesce(strftime('%Y%m', NEW.created_at / 1000, 'unixepoch') + 0, 0) > month THEN 0 ELSE month_micros END,
         past_month_micros = past_month_micros + CASE WHEN coalesce(strftime('%Y%m', NEW.created_at / 1000, 'unixepoch') + 0, 0) > month THEN month_micros ELSE 0 END,
         month = max(month, coalesce(strftime('%Y%m', NEW.created_at / 1000, 'unixepoch') + 0, 0)),
         used_at = CASE key_id WHEN NEW.key_id THEN max(coalesce(used_at, 0), NEW.created_at) ELSE used_at END
   WHERE key_id IN (SELECT l.value FROM api_key k CROSS JOIN json_each(k.lineage) l WHERE k.id = NEW.key_id);
  SELECT RAISE(ABORT, 'ledger:usage_must_be_counted')
   WHERE changes() IS NOT (SELECT json_array_length(k.lineage) FROM api_key k WHERE k.id = NEW.key_id);
  INSERT INTO late_hold (hold_id, key_id, day, month)
    SELECT NEW.id, u.key_id, u.day, u.month
      FROM api_key k CROSS JOIN json_each(k.lineage) l CROSS JOIN key_usage u ON u.key_id = l.value
     WHERE k.id = NEW.key_id AND (u.day <> NEW.created_at / 86400000 OR u.month <> coalesce(strftime('%Y%m', NEW.created_at / 1000, 'unixepoch') + 0, 0));
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
-- As in 0002, and what was not settled comes back to the day and month in which each key counted the hold.
CREATE TRIGGER hold_update_effect AFTER UPDATE ON hold BEGIN
  UPDATE account SET held_micros = held_micros - OLD.amount_micros WHERE id = OLD.account_id;
  UPDATE key_usage
     SET hold_id = NEW.id,
         total_micros = total_micros - (OLD.amount_micros - coalesce(NEW.settled_micros, 0)),
         day_micros = day_micros - (OLD.amount_micros - coalesce(NEW.settled_micros, 0))
           * (day = coalesce((SELECT t.day FROM late_hold t WHERE t.hold_id = NEW.id AND t.key_id = key_usage.key_id), OLD.created_at / 86400000)),
         past_day_micros = past_day_micros - (OLD.amount_micros - coalesce(NEW.settled_micros, 0))
           * (day <> coalesce((SELECT t.day FROM late_hold t WHERE t.hold_id = NEW.id AND t.key_id = key_usage.key_id), OLD.created_at / 86400000)),
         month_micros = month_micros - (OLD.amount_micros - coalesce(NEW.settled_micros, 0))
           * (month = coalesce((SELECT t.month FROM late_hold t WHERE t.hold_id = NEW.id AND t.key_id = key_usage.key_id),
                             coalesce(strftime('%Y%m', OLD.created_at / 1000, 'unixepoch') + 0, 0))),
         past_month_micros = past_month_micros - (OLD.amount_micros - coalesce(NEW.settled_micros, 0))
           * (month <> coalesce((SELECT t.month FROM late_hold t WHERE t.hold_id = NEW.id AND t.key_id = key_usage.key_id),
                             coalesce(strftime('%Y%m', OLD.created_at / 1000, 'unixepoch') + 0, 0)))
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

DROP TRIGGER undo_run;
--> statement-breakpoint
-- As in 0006, with a reversal in place of the bare adjustment.
CREATE TRIGGER undo_run INSTEAD OF INSERT ON undo BEGIN
  UPDATE hold SET state = 'released', reason = 'undelivered', resolved_at = NEW.now
   WHERE id = NEW.id AND state = 'open' AND typeof(NEW.now) = 'integer';
  DELETE FROM replay
   WHERE scope = (SELECT h.account_id FROM hold h WHERE h.id = NEW.id AND h.state IN ('released', 'expired')) AND key_digest = NEW.digest
     AND request_id = NEW.id AND status IS NULL;
  INSERT INTO reversal (hold_id, micros, created_at)
    SELECT h.id, h.settled_micros, NEW.now
      FROM hold h CROSS JOIN account a ON a.id = h.account_id
     WHERE h.id = NEW.id AND h.state = 'settled' AND h.settled_micros > 0 AND typeof(NEW.now) = 'integer'
       AND a.posted_micros + h.settled_micros <= 1000000000000
       AND NOT EXISTS (SELECT 1 FROM reversal v WHERE v.hold_id = h.id)
       AND NOT EXISTS (SELECT 1 FROM replay r
                        WHERE r.scope = h.account_id AND r.key_digest = NEW.digest AND r.request_id = h.id AND r.answer IS NOT NULL);
END;
--> statement-breakpoint

DROP VIEW key_audit;
--> statement-breakpoint
-- The laws of keys and of reversals, beside those of `audit`.
CREATE VIEW key_audit AS
  SELECT 'usage_is_what_the_holds_took' AS law, count(*) AS broken
    FROM key_usage u
    LEFT JOIN (
      SELECT v.key_id, sum(t.micros) AS total,
             sum(CASE v.day WHEN coalesce(p.day, t.created_at / 86400000) THEN t.micros ELSE 0 END) AS day,
             sum(CASE v.month WHEN coalesce(p.month, coalesce(strftime('%Y%m', t.created_at / 1000, 'unixepoch') + 0, 0)) THEN t.micros ELSE 0 END) AS month
        FROM (SELECT h.id, h.key_id, h.created_at,
                     CASE h.state WHEN 'open' THEN h.amount_micros WHEN 'settled' THEN h.settled_micros ELSE 0 END
                       - coalesce((SELECT r.micros FROM reversal r WHERE r.hold_id = h.id), 0) AS micros FROM hold h) t
             CROSS JOIN api_key k ON k.id = t.key_id CROSS JOIN json_each(k.lineage) l CROSS JOIN key_usage v ON v.key_id = l.value
             LEFT JOIN late_hold p ON p.hold_id = t.id AND p.key_id = l.value
       GROUP BY v.key_id
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
  SELECT 'secrets_have_a_key', count(*) FROM key_secret s WHERE NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = s.key_id)
  UNION ALL
  SELECT 'usage_counts_in_a_period', count(*) FROM key_usage u
   WHERE u.total_micros <> u.past_day_micros + u.day_micros OR u.total_micros <> u.past_month_micros + u.month_micros
  UNION ALL
  SELECT 'late_holds_have_a_hold', count(*) FROM late_hold p
   WHERE NOT EXISTS (
     SELECT 1 FROM hold h CROSS JOIN api_key k ON k.id = h.key_id CROSS JOIN json_each(k.lineage) l
      WHERE h.id = p.hold_id AND l.value = p.key_id AND p.day >= h.created_at / 86400000
        AND p.month >= coalesce(strftime('%Y%m', h.created_at / 1000, 'unixepoch') + 0, 0))
  UNION ALL
  SELECT 'reversals_are_booked', count(*) FROM (
    SELECT v.hold_id FROM reversal v LEFT JOIN hold h ON h.id = v.hold_id
      LEFT JOIN entry e ON e.kind = 'adjust' AND e.ref = 'undelivered:' || v.hold_id
     WHERE h.settled_micros IS NOT v.micros OR e.delta_micros IS NOT v.micros OR e.account_id IS NOT h.account_id
    UNION ALL
    SELECT e.ref FROM entry e
     WHERE e.kind = 'adjust' AND e.ref >= 'undelivered:' AND e.ref < 'undelivered;'
       AND NOT EXISTS (SELECT 1 FROM reversal v WHERE v.hold_id = substr(e.ref, 13)));
