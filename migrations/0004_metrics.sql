-- What the owner sees: counters that are kept while things happen, the state of the scheduled jobs, and the owner's own actions.
--
-- The sums about money are written by triggers in the transaction that moves the money, so they are exact. Every other counter is
-- flushed here in batches by src/ops and may miss a few. A row is one number of one series in one bucket of time; `bucket` is where
-- the bucket begins, in unix milliseconds. Minutes are moved into hours and hours into days; moving adds up and deletes in one
-- transaction, so nothing is counted twice and a row that comes late is simply moved by the next run. The grain 'total' (bucket 0)
-- holds what has left the minutes, and the gauges, for good.
CREATE TABLE metric (
  grain  TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  name   TEXT NOT NULL,
  labels TEXT NOT NULL,
  value  INTEGER NOT NULL,
  PRIMARY KEY (grain, bucket, name, labels)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- One row for each scheduled job. state is where a job that works in steps goes on: JSON.
CREATE TABLE job (
  name              TEXT PRIMARY KEY,
  last_run_at       INTEGER,
  last_success_at   INTEGER,
  last_failure_at   INTEGER,
  last_duration_ms  INTEGER,
  state             TEXT
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- What the owner did, and why: a list that only grows. ref makes an action recognisable when it is sent again.
CREATE TABLE owner_action (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  ref        TEXT NOT NULL,
  subject    TEXT NOT NULL,
  reason     TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  details    TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX owner_action_ref ON owner_action (kind, ref);
--> statement-breakpoint
CREATE TRIGGER owner_action_insert_guard BEFORE INSERT ON owner_action BEGIN
  SELECT RAISE(ABORT, 'ledger:owner_action_exists')
   WHERE EXISTS (SELECT 1 FROM owner_action o WHERE o.id = NEW.id)
      OR EXISTS (SELECT 1 FROM owner_action o WHERE o.kind = NEW.kind AND o.ref = NEW.ref);
END;
--> statement-breakpoint
CREATE TRIGGER owner_action_update_guard BEFORE UPDATE ON owner_action BEGIN
  SELECT RAISE(ABORT, 'ledger:owner_actions_are_fixed');
END;
--> statement-breakpoint
CREATE TRIGGER owner_action_delete_guard BEFORE DELETE ON owner_action BEGIN
  SELECT RAISE(ABORT, 'ledger:owner_actions_are_kept');
END;
--> statement-breakpoint

-- The payments of one account, for the audit by ranges.
CREATE INDEX payment_by_account ON payment (account_id);
--> statement-breakpoint

-- Adds to one number of a grain. Made of an INSERT that can't conflict and an UPDATE that can't fail, because the conflict clause of
-- the outermost statement governs these too (see 0000_ledger.sql): no OR IGNORE or OR REPLACE finds anything to skip or to replace.
CREATE VIEW metric_add AS SELECT '' AS grain, 0 AS bucket, '' AS name, '' AS labels, 0 AS value WHERE 0;
--> statement-breakpoint
CREATE TRIGGER metric_add_run INSTEAD OF INSERT ON metric_add BEGIN
  INSERT INTO metric (grain, bucket, name, labels, value)
    SELECT NEW.grain, NEW.bucket, NEW.name, NEW.labels, 0
     WHERE NOT EXISTS (
       SELECT 1 FROM metric m
        WHERE m.grain = NEW.grain AND m.bucket = NEW.bucket AND m.name = NEW.name AND m.labels = NEW.labels);
  UPDATE metric SET value = value + NEW.value
   WHERE grain = NEW.grain AND bucket = NEW.bucket AND name = NEW.name AND labels = NEW.labels;
END;
--> statement-breakpoint

-- Money and what belongs to it, counted in the minute in which it moved.
CREATE TRIGGER metric_of_entry AFTER INSERT ON entry BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('minute', NEW.created_at - NEW.created_at % 60000, 'entries', json_object('kind', NEW.kind), 1),
         ('minute', NEW.created_at - NEW.created_at % 60000, 'entry_micros', json_object('kind', NEW.kind), NEW.delta_micros);
END;
--> statement-breakpoint
CREATE TRIGGER metric_of_new_hold AFTER INSERT ON hold BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('minute', NEW.created_at - NEW.created_at % 60000, 'holds', '{"state":"opened"}', 1),
         ('minute', NEW.created_at - NEW.created_at % 60000, 'reserved_micros', '{}', NEW.amount_micros);
END;
--> statement-breakpoint
CREATE TRIGGER metric_of_resolved_hold AFTER UPDATE OF state ON hold BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('minute', NEW.resolved_at - NEW.resolved_at % 60000, 'holds', json_object('state', NEW.state), 1),
         ('minute', NEW.resolved_at - NEW.resolved_at % 60000, 'settled_micros', '{}', coalesce(NEW.settled_micros, 0)),
         ('minute', NEW.resolved_at - NEW.resolved_at % 60000, 'refunded_micros', '{}', NEW.amount_micros - coalesce(NEW.settled_micros, 0));
END;
--> statement-breakpoint
-- What the providers took for a settled read, by their list prices, from its receipt. Anything there that is no such amount counts
-- nothing: a sum for the owner must never stop a settlement.
CREATE TRIGGER metric_of_receipt AFTER INSERT ON receipt BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
    SELECT 'minute', NEW.created_at - NEW.created_at % 60000, 'settled_cost_micros', '{}',
           coalesce(sum(CASE WHEN typeof(c.cost) = 'integer' AND c.cost BETWEEN 0 AND 1000000000000 THEN c.cost END), 0)
      FROM (SELECT CASE j.type WHEN 'object' THEN j.value ->> 'estimatedCostMicros' END AS cost
              FROM json_each(NEW.body, '$.upstream') j) c;
END;
--> statement-breakpoint

-- Accounts by status and keys by state: gauges.
CREATE TRIGGER metric_of_new_account AFTER INSERT ON account BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('total', 0, 'accounts', json_object('status', NEW.status), 1),
         ('minute', NEW.created_at - NEW.created_at % 60000, 'accounts_created', '{}', 1);
END;
--> statement-breakpoint
CREATE TRIGGER metric_of_account_status AFTER UPDATE OF status ON account WHEN NEW.status <> OLD.status BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('total', 0, 'accounts', json_object('status', OLD.status), -1), ('total', 0, 'accounts', json_object('status', NEW.status), 1);
END;
--> statement-breakpoint
CREATE TRIGGER metric_of_new_key AFTER INSERT ON api_key BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('total', 0, 'keys', json_object('state', CASE WHEN NEW.revoked_at IS NULL THEN 'live' ELSE 'revoked' END), 1),
         ('minute', NEW.created_at - NEW.created_at % 60000, 'keys_created', '{}', 1);
END;
--> statement-breakpoint
CREATE TRIGGER metric_of_revoked_key AFTER UPDATE OF revoked_at ON api_key WHEN NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL BEGIN
  INSERT INTO metric_add (grain, bucket, name, labels, value)
  VALUES ('total', 0, 'keys', '{"state":"live"}', -1), ('total', 0, 'keys', '{"state":"revoked"}', 1);
END;
--> statement-breakpoint

-- What is there already is counted once, now.
INSERT INTO metric_add (grain, bucket, name, labels, value)
  SELECT 'total', 0, 'accounts', json_object('status', a.status), 1 FROM account a
  UNION ALL
  SELECT 'minute', a.created_at - a.created_at % 60000, 'accounts_created', '{}', 1 FROM account a
  UNION ALL
  SELECT 'total', 0, 'keys', json_object('state', CASE WHEN k.revoked_at IS NULL THEN 'live' ELSE 'revoked' END), 1 FROM api_key k
  UNION ALL
  SELECT 'minute', k.created_at - k.created_at % 60000, 'keys_created', '{}', 1 FROM api_key k
  UNION ALL
  SELECT 'minute', e.created_at - e.created_at % 60000, 'entries', json_object('kind', e.kind), 1 FROM entry e
  UNION ALL
  SELECT 'minute', e.created_at - e.created_at % 60000, 'entry_micros', json_object('kind', e.kind), e.delta_micros FROM entry e
  UNION ALL
  SELECT 'minute', h.created_at - h.created_at % 60000, 'holds', '{"state":"opened"}', 1 FROM hold h
  UNION ALL
  SELECT 'minute', h.created_at - h.created_at % 60000, 'reserved_micros', '{}', h.amount_micros FROM hold h
  UNION ALL
  SELECT 'minute', h.resolved_at - h.resolved_at % 60000, 'holds', json_object('state', h.state), 1 FROM hold h WHERE h.state <> 'open'
  UNION ALL
  SELECT 'minute', h.resolved_at - h.resolved_at % 60000, 'settled_micros', '{}', coalesce(h.settled_micros, 0) FROM hold h WHERE h.state <> 'open'
  UNION ALL
  SELECT 'minute', h.resolved_at - h.resolved_at % 60000, 'refunded_micros', '{}', h.amount_micros - coalesce(h.settled_micros, 0)
    FROM hold h WHERE h.state <> 'open'
  UNION ALL
  SELECT 'minute', r.created_at - r.created_at % 60000, 'settled_cost_micros', '{}',
         (SELECT coalesce(sum(CASE WHEN typeof(c.cost) = 'integer' AND c.cost BETWEEN 0 AND 1000000000000 THEN c.cost END), 0)
            FROM (SELECT CASE j.type WHEN 'object' THEN j.value ->> 'estimatedCostMicros' END AS cost
                    FROM json_each(r.body, '$.upstream') j) c)
    FROM receipt r;
