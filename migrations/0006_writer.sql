-- What the ledger's writer sends many of at once: each of these is a procedure as in 0000, called with rows made from json_each(?), so
-- that the memory of requests and the undoing of lost ones travel in the same few statements as the money of a whole batch. A bad row
-- changes nothing and raises nothing.

-- Claims an Idempotency-Key for a request, after forgetting what an earlier one left behind too long ago.
CREATE VIEW claim AS
  SELECT '' AS key_hash, '' AS digest, '' AS fingerprint, '' AS request_id, 0 AS now, 0 AS expires_at WHERE 0;
--> statement-breakpoint
CREATE TRIGGER claim_run INSTEAD OF INSERT ON claim BEGIN
  DELETE FROM replay
   WHERE scope = (SELECT k.account_id FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id WHERE s.hash = unhex(NEW.key_hash))
     AND key_digest = NEW.digest AND expires_at <= NEW.now AND typeof(NEW.now) = 'integer';
  INSERT INTO replay (scope, key_digest, fingerprint, request_id, created_at, expires_at)
    SELECT k.account_id, NEW.digest, NEW.fingerprint, NEW.request_id, NEW.now, NEW.expires_at
      FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id
     WHERE s.hash = unhex(NEW.key_hash)
       AND typeof(NEW.digest) = 'text' AND length(NEW.digest) = 64 AND typeof(NEW.fingerprint) = 'text'
       AND typeof(NEW.request_id) = 'text' AND NEW.request_id <> ''
       AND typeof(NEW.now) = 'integer' AND typeof(NEW.expires_at) = 'integer' AND NEW.expires_at > NEW.now
       AND NOT EXISTS (SELECT 1 FROM replay r WHERE r.scope = k.account_id AND r.key_digest = NEW.digest);
END;
--> statement-breakpoint

-- Gives up a claim of this request that came to nothing: no hold, or one that was given back. A settled hold keeps its claim even
-- without an answer, because forgetting it would let the same key be charged twice.
CREATE VIEW unclaim AS SELECT '' AS key_hash, '' AS digest, '' AS request_id WHERE 0;
--> statement-breakpoint
CREATE TRIGGER unclaim_run INSTEAD OF INSERT ON unclaim BEGIN
  DELETE FROM replay
   WHERE scope = (SELECT k.account_id FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id WHERE s.hash = unhex(NEW.key_hash))
     AND key_digest = NEW.digest AND request_id = NEW.request_id AND status IS NULL
     AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.request_id AND h.state IN ('open', 'settled'));
END;
--> statement-breakpoint

-- Answers a claim, but only when the request's hold has come to the state that the answer is about.
CREATE VIEW remember AS
  SELECT '' AS key_hash, '' AS digest, '' AS request_id, '' AS state, 0 AS status, '' AS answer, 0 AS expires_at WHERE 0;
--> statement-breakpoint
CREATE TRIGGER remember_run INSTEAD OF INSERT ON remember BEGIN
  UPDATE replay
     SET status = NEW.status, answer = NEW.answer, expires_at = NEW.expires_at,
         balance_micros = (SELECT a.posted_micros - a.held_micros FROM account a WHERE a.id = replay.scope)
   WHERE scope = (SELECT k.account_id FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id WHERE s.hash = unhex(NEW.key_hash))
     AND key_digest = NEW.digest AND request_id = NEW.request_id AND status IS NULL
     AND typeof(NEW.status) = 'integer' AND NEW.status BETWEEN 200 AND 499
     AND typeof(NEW.answer) IN ('text', 'null') AND length(coalesce(NEW.answer, '')) <= 2000000
     AND typeof(NEW.expires_at) = 'integer' AND NEW.expires_at > created_at
     AND EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.request_id AND h.state = NEW.state AND h.state IN ('settled', 'released'));
END;
--> statement-breakpoint

-- Counts a failure of a hold's key on a target, just before the hold is released: what is released already was counted. A failure older
-- than `since` starts the count anew.
CREATE VIEW fail AS SELECT '' AS id, '' AS target, '' AS code, 0 AS now, 0 AS since WHERE 0;
--> statement-breakpoint
CREATE TRIGGER fail_run INSTEAD OF INSERT ON fail BEGIN
  INSERT INTO failing (key_id, target, failures, code, last_at)
    SELECT h.key_id, NEW.target, 1, NEW.code, NEW.now FROM hold h
     WHERE h.id = NEW.id AND h.state = 'open'
       AND typeof(NEW.target) = 'text' AND typeof(NEW.code) = 'text' AND typeof(NEW.now) = 'integer' AND typeof(NEW.since) = 'integer'
    ON CONFLICT (key_id, target) DO UPDATE
       SET failures = CASE WHEN last_at > NEW.since THEN failures + 1 ELSE 1 END, code = excluded.code, last_at = excluded.last_at;
END;
--> statement-breakpoint

-- A settled read ends the count of its target.
CREATE VIEW heal AS SELECT '' AS id, '' AS target WHERE 0;
--> statement-breakpoint
CREATE TRIGGER heal_run INSTEAD OF INSERT ON heal BEGIN
  DELETE FROM failing
   WHERE key_id = (SELECT h.key_id FROM hold h WHERE h.id = NEW.id AND h.state = 'settled') AND target = NEW.target;
END;
--> statement-breakpoint

-- Undoes a request whose caller was told that it failed while the database could not be asked: an open hold is given back, and what was
-- settled after all is booked back once, as an adjustment. An answer that is kept under the caller's Idempotency-Key was paid for and
-- stays: the caller gets it by sending the request again.
CREATE VIEW undo AS SELECT '' AS id, '' AS digest, 0 AS now WHERE 0;
--> statement-breakpoint
CREATE TRIGGER undo_run INSTEAD OF INSERT ON undo BEGIN
  UPDATE hold SET state = 'released', reason = 'undelivered', resolved_at = NEW.now
   WHERE id = NEW.id AND state = 'open' AND typeof(NEW.now) = 'integer';
  DELETE FROM replay
   WHERE scope = (SELECT h.account_id FROM hold h WHERE h.id = NEW.id AND h.state IN ('released', 'expired')) AND key_digest = NEW.digest
     AND request_id = NEW.id AND status IS NULL;
  INSERT INTO credit (account_id, kind, ref, delta, now)
    SELECT h.account_id, 'adjust', 'undelivered:' || h.id, h.settled_micros, NEW.now
      FROM hold h
     WHERE h.id = NEW.id AND h.state = 'settled' AND h.settled_micros > 0
       AND NOT EXISTS (SELECT 1 FROM replay r
                        WHERE r.scope = h.account_id AND r.key_digest = NEW.digest AND r.request_id = h.id AND r.answer IS NOT NULL);
END;
