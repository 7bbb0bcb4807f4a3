-- What a repeated request is answered with, what keeps failing, and the way in for those who look at their usage.

-- One request under an Idempotency-Key. The row is the claim: it is written in the same batch as the hold, so of two requests with one
-- key the second finds it. The answer is written in the batch that settles or releases, so that no crash can come between the money and
-- the memory of it. scope is the account, or 'signup' where there is none yet; key_digest is the SHA-256 of the caller's key. answer is
-- sealed with the caller's key, which is not kept: who reads this table reads no answer. balance_micros is what was left to spend after
-- the request, which is part of its answer and isn't known when the answer is sealed.
CREATE TABLE replay (
  scope          TEXT NOT NULL CHECK (scope <> ''),
  key_digest     TEXT NOT NULL CHECK (length(key_digest) = 64),
  fingerprint    TEXT NOT NULL,
  request_id     TEXT NOT NULL CHECK (request_id <> ''),
  status         INTEGER CHECK (status BETWEEN 200 AND 499),
  answer         TEXT CHECK (length(answer) <= 2000000),
  balance_micros INTEGER,
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL CHECK (expires_at > created_at),
  PRIMARY KEY (scope, key_digest)
) STRICT;
--> statement-breakpoint
CREATE INDEX replay_expiry ON replay (expires_at);
--> statement-breakpoint
CREATE TRIGGER replay_insert_guard BEFORE INSERT ON replay BEGIN
  SELECT RAISE(ABORT, 'ledger:replay_exists')
   WHERE EXISTS (SELECT 1 FROM replay r WHERE r.scope = NEW.scope AND r.key_digest = NEW.key_digest);
END;
--> statement-breakpoint
-- A claim is answered once, and what it was answered with stays.
CREATE TRIGGER replay_update_guard BEFORE UPDATE ON replay BEGIN
  SELECT RAISE(ABORT, 'ledger:replays_are_answered_once')
   WHERE OLD.status IS NOT NULL OR NEW.scope IS NOT OLD.scope OR NEW.key_digest IS NOT OLD.key_digest
      OR NEW.fingerprint IS NOT OLD.fingerprint OR NEW.request_id IS NOT OLD.request_id OR NEW.created_at IS NOT OLD.created_at;
END;
--> statement-breakpoint

-- Reads that fail again and again: one row for a key and a target, gone with the next success. Not money: it only decides whether a
-- provider is asked, so it has no guard.
CREATE TABLE failing (
  key_id   TEXT NOT NULL,
  target   TEXT NOT NULL,
  failures INTEGER NOT NULL,
  code     TEXT NOT NULL,
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (key_id, target)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX failing_last ON failing (last_at);
--> statement-breakpoint

-- Usage is read from the settled holds of an account, or of one of its keys, newest first.
CREATE INDEX hold_settled_account ON hold (account_id, resolved_at, id) WHERE state = 'settled';
--> statement-breakpoint
CREATE INDEX hold_settled_key ON hold (key_id, resolved_at, id) WHERE state = 'settled';
