-- Requests that are over age leave the database. The scheduled job writes them to a file and then moves them out, a bounded number at a
-- time. The journal stays whole: entries never leave. What the keys used by archived requests stays in key_usage.archived_micros, the
-- checkpoint against which the audit adds up what is left.

-- One file of requests. What it says of its holds is checked when the row is written; the holds are then deleted one by one through the view
-- `take`, each counted in moved_*; done_at closes the file once all are moved.
CREATE TABLE archive (
  file                  TEXT PRIMARY KEY CHECK (file <> ''),
  kind                  TEXT NOT NULL CHECK (kind IN ('settled', 'failed')),
  day                   TEXT NOT NULL CHECK (day LIKE '____-__-__'),
  first_id              TEXT NOT NULL,
  last_id               TEXT NOT NULL,
  holds                 INTEGER NOT NULL,
  reserved_micros       INTEGER NOT NULL,
  settled_micros        INTEGER NOT NULL,
  created_at            INTEGER NOT NULL,
  moved_holds           INTEGER NOT NULL DEFAULT 0,
  moved_reserved_micros INTEGER NOT NULL DEFAULT 0,
  moved_settled_micros  INTEGER NOT NULL DEFAULT 0,
  -- The hold that is leaving, or left last.
  hold_id               TEXT,
  done_at               INTEGER
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- Which file a request is in: the files of a kind never overlap.
CREATE UNIQUE INDEX archive_range ON archive (kind, first_id);
--> statement-breakpoint
CREATE INDEX archive_open ON archive (hold_id) WHERE done_at IS NULL;
--> statement-breakpoint
CREATE INDEX archive_unfinished ON archive (created_at) WHERE done_at IS NULL;
--> statement-breakpoint
-- Rows that only shorten work, deleted when they are over.
CREATE INDEX stripe_event_age ON stripe_event (received_at);
--> statement-breakpoint
CREATE INDEX checkout_key_age ON checkout_key (created_at);
--> statement-breakpoint
ALTER TABLE key_usage ADD COLUMN archived_micros INTEGER NOT NULL DEFAULT 0;
--> statement-breakpoint

-- archive ---------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER archive_insert_guard BEFORE INSERT ON archive BEGIN
  SELECT RAISE(ABORT, 'ledger:archive_begins_empty')
   WHERE NEW.moved_holds <> 0 OR NEW.moved_reserved_micros <> 0 OR NEW.moved_settled_micros <> 0 OR NEW.hold_id IS NOT NULL
      OR NEW.done_at IS NOT NULL;
  SELECT RAISE(ABORT, 'ledger:archive_exists') WHERE EXISTS (SELECT 1 FROM archive a WHERE a.file = NEW.file);
  SELECT RAISE(ABORT, 'ledger:archives_do_not_overlap') WHERE EXISTS (
    SELECT 1 FROM (SELECT a.last_id FROM archive a WHERE a.kind = NEW.kind AND a.first_id <= NEW.last_id ORDER BY a.first_id DESC LIMIT 1) n
     WHERE n.last_id >= NEW.first_id);
  -- Thirty days are the least; the job keeps charged requests much longer.
  SELECT RAISE(ABORT, 'ledger:archive_states_what_is_over_age') WHERE (
    SELECT count(*) IS NOT NEW.holds OR sum(h.amount_micros) IS NOT NEW.reserved_micros
        OR sum(coalesce(h.settled_micros, 0)) IS NOT NEW.settled_micros OR max(h.resolved_at) > NEW.created_at - 2592000000
      FROM hold h
     WHERE h.id >= NEW.first_id AND h.id <= NEW.last_id
       AND CASE NEW.kind WHEN 'settled' THEN h.state = 'settled' ELSE h.state = 'released' OR h.state = 'expired' END);
END;
--> statement-breakpoint
CREATE TRIGGER archive_update_guard BEFORE UPDATE ON archive BEGIN
  SELECT RAISE(ABORT, 'ledger:archive_is_fixed')
   WHERE OLD.done_at IS NOT NULL OR NEW.file IS NOT OLD.file OR NEW.kind IS NOT OLD.kind OR NEW.day IS NOT OLD.day
      OR NEW.first_id IS NOT OLD.first_id OR NEW.last_id IS NOT OLD.last_id OR NEW.holds IS NOT OLD.holds
      OR NEW.reserved_micros IS NOT OLD.reserved_micros OR NEW.settled_micros IS NOT OLD.settled_micros
      OR NEW.created_at IS NOT OLD.created_at;
  -- Lines without their hold exist only while its own effect runs: nobody else ever sees them.
  SELECT RAISE(ABORT, 'ledger:archive_counts_what_leaves')
   WHERE (NEW.moved_holds <> OLD.moved_holds OR NEW.moved_reserved_micros <> OLD.moved_reserved_micros
          OR NEW.moved_settled_micros <> OLD.moved_settled_micros)
     AND (EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.hold_id) OR NOT EXISTS (SELECT 1 FROM line l WHERE l.hold_id = NEW.hold_id));
  SELECT RAISE(ABORT, 'ledger:archive_ends_complete')
   WHERE NEW.done_at IS NOT NULL AND (NEW.moved_holds <> NEW.holds OR NEW.moved_reserved_micros <> NEW.reserved_micros
     OR NEW.moved_settled_micros <> NEW.settled_micros);
END;
--> statement-breakpoint
CREATE TRIGGER archive_delete_guard BEFORE DELETE ON archive BEGIN
  SELECT RAISE(ABORT, 'ledger:archives_are_kept');
END;
--> statement-breakpoint

-- hold ------------------------------------------------------------------------------------------------------------------------------

DROP TRIGGER hold_delete_guard;
--> statement-breakpoint
-- A hold is kept until a file that has it names it.
CREATE TRIGGER hold_delete_guard BEFORE DELETE ON hold BEGIN
  SELECT RAISE(ABORT, 'ledger:holds_are_kept') WHERE NOT EXISTS (
    SELECT 1 FROM archive a
     WHERE a.hold_id = OLD.id AND a.done_at IS NULL AND OLD.id >= a.first_id AND OLD.id <= a.last_id
       AND OLD.resolved_at <= a.created_at - 2592000000
       AND CASE a.kind WHEN 'settled' THEN OLD.state = 'settled' ELSE OLD.state = 'released' OR OLD.state = 'expired' END);
END;
--> statement-breakpoint
-- What belongs to the hold goes with it, the lines last: see archive_update_guard. A budget's day or month that is this old is over, so what
-- was counted there moves to the past.
CREATE TRIGGER hold_delete_effect AFTER DELETE ON hold BEGIN
  UPDATE archive
     SET moved_holds = moved_holds + 1, moved_reserved_micros = moved_reserved_micros + OLD.amount_micros,
         moved_settled_micros = moved_settled_micros + coalesce(OLD.settled_micros, 0)
   WHERE hold_id = OLD.id AND done_at IS NULL;
  SELECT RAISE(ABORT, 'ledger:archive_must_count') WHERE changes() <> 1;
  UPDATE key_usage
     SET hold_id = OLD.id,
         archived_micros = archived_micros + (OLD.settled_micros - coalesce((SELECT v.micros FROM reversal v WHERE v.hold_id = OLD.id), 0)),
         day_micros = day_micros - (OLD.settled_micros - coalesce((SELECT v.micros FROM reversal v WHERE v.hold_id = OLD.id), 0))
           * (day = coalesce((SELECT t.day FROM late_hold t WHERE t.hold_id = OLD.id AND t.key_id = key_usage.key_id), OLD.created_at / 86400000)),
         past_day_micros = past_day_micros + (OLD.settled_micros - coalesce((SELECT v.micros FROM reversal v WHERE v.hold_id = OLD.id), 0))
           * (day = coalesce((SELECT t.day FROM late_hold t WHERE t.hold_id = OLD.id AND t.key_id = key_usage.key_id), OLD.created_at / 86400000)),
         month_micros = month_micros - (OLD.settled_micros - coalesce((SELECT v.micros FROM reversal v WHERE v.hold_id = OLD.id), 0))
           * (month = coalesce((SELECT t.month FROM late_hold t WHERE t.hold_id = OLD.id AND t.key_id = key_usage.key_id),
                       coalesce(strftime('%Y%m', OLD.created_at / 1000, 'unixepoch') + 0, 0))),
         past_month_micros = past_month_micros + (OLD.settled_micros - coalesce((SELECT v.micros FROM reversal v WHERE v.hold_id = OLD.id), 0))
           * (month = coalesce((SELECT t.month FROM late_hold t WHERE t.hold_id = OLD.id AND t.key_id = key_usage.key_id),
                       coalesce(strftime('%Y%m', OLD.created_at / 1000, 'unixepoch') + 0, 0)))
   WHERE OLD.settled_micros > 0
     AND key_id IN (SELECT l.value FROM api_key k CROSS JOIN json_each(k.lineage) l WHERE k.id = OLD.key_id);
  DELETE FROM late_hold WHERE hold_id = OLD.id;
  DELETE FROM reversal WHERE hold_id = OLD.id;
  DELETE FROM receipt WHERE id = OLD.id;
  DELETE FROM line WHERE hold_id = OLD.id;
END;
--> statement-breakpoint
DROP TRIGGER line_delete_guard;
--> statement-breakpoint
CREATE TRIGGER line_delete_guard BEFORE DELETE ON line BEGIN
  SELECT RAISE(ABORT, 'ledger:lines_are_kept') WHERE EXISTS (SELECT 1 FROM hold h WHERE h.id = OLD.hold_id);
END;
--> statement-breakpoint
DROP TRIGGER receipt_delete_guard;
--> statement-breakpoint
CREATE TRIGGER receipt_delete_guard BEFORE DELETE ON receipt BEGIN
  SELECT RAISE(ABORT, 'ledger:receipts_are_kept') WHERE EXISTS (SELECT 1 FROM hold h WHERE h.id = OLD.id);
END;
--> statement-breakpoint
DROP TRIGGER late_hold_delete_guard;
--> statement-breakpoint
CREATE TRIGGER late_hold_delete_guard BEFORE DELETE ON late_hold BEGIN
  SELECT RAISE(ABORT, 'ledger:late_holds_are_kept') WHERE EXISTS (SELECT 1 FROM hold h WHERE h.id = OLD.hold_id);
END;
--> statement-breakpoint
DROP TRIGGER reversal_delete_guard;
--> statement-breakpoint
CREATE TRIGGER reversal_delete_guard BEFORE DELETE ON reversal BEGIN
  SELECT RAISE(ABORT, 'ledger:reversals_are_kept') WHERE EXISTS (SELECT 1 FROM hold h WHERE h.id = OLD.hold_id);
END;
--> statement-breakpoint
DROP TRIGGER key_usage_update_guard;
--> statement-breakpoint
-- As in 0008, and a hold that is leaving moves usage into the archived part, which changes no total.
CREATE TRIGGER key_usage_update_guard BEFORE UPDATE ON key_usage BEGIN
  SELECT RAISE(ABORT, 'ledger:usage_moves_only_by_hold') WHERE NEW.key_id IS NOT OLD.key_id OR NOT (EXISTS (
    SELECT 1 FROM hold h
     WHERE h.id = NEW.hold_id AND NEW.archived_micros = OLD.archived_micros
       AND CASE h.state
             WHEN 'open' THEN NOT EXISTS (SELECT 1 FROM line l WHERE l.hold_id = h.id)
             ELSE EXISTS (SELECT 1 FROM line l WHERE l.hold_id = h.id AND l.settled_micros IS NULL)
               OR EXISTS (SELECT 1 FROM reversal v WHERE v.hold_id = h.id
                             AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.kind = 'adjust' AND e.ref = 'undelivered:' || h.id))
           END) OR (
     NEW.total_micros = OLD.total_micros AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.hold_id)
       AND EXISTS (SELECT 1 FROM line l WHERE l.hold_id = NEW.hold_id)));
END;
--> statement-breakpoint

-- Procedures ------------------------------------------------------------------------------------------------------------------------

-- Moves one hold out of the database, after the file that has it was written. A hold that is gone or is not in the file changes nothing.
CREATE VIEW take AS SELECT '' AS file, '' AS id WHERE 0;
--> statement-breakpoint
CREATE TRIGGER take_run INSTEAD OF INSERT ON take BEGIN
  UPDATE archive SET hold_id = NEW.id
   WHERE file = NEW.file AND done_at IS NULL AND NEW.id >= first_id AND NEW.id <= last_id
     AND EXISTS (SELECT 1 FROM hold h
                  WHERE h.id = NEW.id AND h.resolved_at <= archive.created_at - 2592000000
                    AND CASE kind WHEN 'settled' THEN h.state = 'settled' ELSE h.state = 'released' OR h.state = 'expired' END);
  DELETE FROM hold WHERE id = NEW.id AND EXISTS (SELECT 1 FROM archive a WHERE a.file = NEW.file AND a.hold_id = NEW.id AND a.done_at IS NULL);
END;
--> statement-breakpoint

-- Audit -----------------------------------------------------------------------------------------------------------------------------

DROP VIEW audit;
--> statement-breakpoint
-- As in 0000; a usage entry's hold may be in a file.
CREATE VIEW audit AS
  SELECT 'posted_is_the_sum_of_entries' AS law, count(*) AS broken FROM account a
   WHERE a.posted_micros <> (SELECT coalesce(sum(e.delta_micros), 0) FROM entry e WHERE e.account_id = a.id)
  UNION ALL
  SELECT 'seq_is_the_number_of_entries', count(*) FROM account a
   WHERE a.seq <> (SELECT count(*) FROM entry e WHERE e.account_id = a.id)
  UNION ALL
  SELECT 'entries_form_a_chain', count(*) FROM entry e
    LEFT JOIN entry p ON p.account_id = e.account_id AND p.seq = e.seq - 1
   WHERE e.balance_after_micros <> coalesce(p.balance_after_micros, 0) + e.delta_micros OR (p.seq IS NULL AND e.seq <> 1)
  UNION ALL
  SELECT 'entries_have_an_account', count(*) FROM entry e WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = e.account_id)
  UNION ALL
  SELECT 'held_is_the_sum_of_open_holds', count(*) FROM account a
   WHERE a.held_micros <> (SELECT coalesce(sum(h.amount_micros), 0) FROM hold h WHERE h.account_id = a.id AND h.state = 'open')
  UNION ALL
  SELECT 'debt_is_the_shortfall', count(*) FROM account a WHERE a.debt_micros <> max(0, a.held_micros - a.posted_micros)
  UNION ALL
  SELECT 'holds_belong_to_their_key', count(*) FROM hold h
   WHERE NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = h.key_id AND k.account_id = h.account_id)
  UNION ALL
  SELECT 'settlements_are_booked_once', count(*) FROM hold h LEFT JOIN entry e ON e.kind = 'usage' AND e.ref = h.id
   WHERE (h.state = 'settled' AND h.settled_micros > 0) <> (e.ref IS NOT NULL)
      OR (e.ref IS NOT NULL AND (e.delta_micros <> -h.settled_micros OR e.account_id <> h.account_id))
  UNION ALL
  SELECT 'usage_has_its_hold', count(*) FROM entry e
   WHERE e.kind = 'usage' AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = e.ref)
     AND coalesce(e.ref > (SELECT a.last_id FROM archive a WHERE a.kind = 'settled' AND a.first_id <= e.ref ORDER BY a.first_id DESC LIMIT 1), 1)
  UNION ALL
  SELECT 'lines_add_up', count(*) FROM hold h
   WHERE (SELECT sum(l.reserved_micros) IS NOT h.amount_micros
              OR sum(l.settled_micros) IS NOT CASE h.state WHEN 'open' THEN NULL WHEN 'settled' THEN h.settled_micros ELSE 0 END
              OR count(l.settled_micros) <> CASE h.state WHEN 'open' THEN 0 ELSE count(*) END
            FROM line l WHERE l.hold_id = h.id)
  UNION ALL
  SELECT 'lines_are_those_asked_for', count(*) FROM line l
   WHERE NOT EXISTS (SELECT 1 FROM hold h CROSS JOIN json_each(h.lines) j
                      WHERE h.id = l.hold_id AND j.value ->> 'item' = l.item AND j.value ->> 'amount' = l.reserved_micros)
  UNION ALL
  SELECT 'settled_holds_have_a_receipt', count(*) FROM hold h LEFT JOIN receipt r ON r.id = h.id
   WHERE (h.state = 'settled') <> (r.id IS NOT NULL) OR (r.id IS NOT NULL AND r.account_id <> h.account_id)
  UNION ALL
  SELECT 'receipts_have_a_hold', count(*) FROM receipt r WHERE NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = r.id)
  UNION ALL
  SELECT 'payments_are_booked', count(*) FROM payment p
   WHERE p.target_micros <> (
     SELECT coalesce(sum(e.delta_micros), 0) FROM entry e
      WHERE (e.kind = 'topup' AND e.ref = p.id)
         OR (e.kind IN ('clawback', 'reinstate') AND e.ref >= p.id || '#' AND e.ref < p.id || '$'))
  UNION ALL
  SELECT 'payment_entries_have_a_payment', count(*) FROM entry e
   WHERE e.kind IN ('topup', 'clawback', 'reinstate')
     AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = substr(e.ref, 1, instr(e.ref || '#', '#') - 1) AND p.account_id = e.account_id);
--> statement-breakpoint
DROP VIEW key_audit;
--> statement-breakpoint
-- As in 0008, with what has left, and the laws of the files.
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
   WHERE u.total_micros <> u.archived_micros + coalesce(s.total, 0)
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
       AND NOT EXISTS (SELECT 1 FROM reversal v WHERE v.hold_id = substr(e.ref, 13))
       AND coalesce(substr(e.ref, 13) > (SELECT a.last_id FROM archive a WHERE a.kind = 'settled' AND a.first_id <= substr(e.ref, 13) ORDER BY a.first_id DESC LIMIT 1), 1))
  UNION ALL
  SELECT 'archives_hold_what_was_moved', count(*) FROM archive a
   WHERE a.moved_holds > a.holds OR (a.done_at IS NOT NULL AND (a.moved_holds <> a.holds OR a.moved_reserved_micros <> a.reserved_micros
      OR a.moved_settled_micros <> a.settled_micros))
  UNION ALL
  SELECT 'archived_settlements_stay_booked', (
    SELECT coalesce(sum(a.moved_settled_micros), 0) FROM archive a) <> (
    SELECT coalesce(-sum(e.delta_micros), 0) FROM entry e
     WHERE e.kind = 'usage' AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = e.ref));
