-- The ledger: accounts, keys, holds, lines, entries, receipts and payments, with the laws of money as triggers.
--
-- Amounts are whole micro-credits (1,000,000 = US$1) in columns that end in _micros; times are unix milliseconds handed in by the
-- caller. Every table is STRICT, so that a fraction or a text can't become money.
--
-- A guard only raises. An effect moves money and then checks what it did, because a caller's OR IGNORE or OR REPLACE also governs
-- the statements inside the triggers it fires: a constraint that would stop them skips or replaces a row instead. RAISE(ABORT) is
-- the one thing that a caller's conflict clause can't soften. OR REPLACE fires no DELETE trigger either, so each guarded table also
-- refuses the insert of a row that exists.

-- An account and its running sums. posted = everything booked, held = everything set aside by open holds, available = posted - held.
-- debt exists so that a clawback of credit already spent can be booked honestly; no spending can create it.
CREATE TABLE account (
  id            TEXT PRIMARY KEY CHECK (id <> ''),
  name          TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  posted_micros INTEGER NOT NULL DEFAULT 0 CHECK (posted_micros BETWEEN -1000000000000 AND 1000000000000),
  held_micros   INTEGER NOT NULL DEFAULT 0 CHECK (held_micros >= 0),
  debt_micros   INTEGER NOT NULL DEFAULT 0 CHECK (debt_micros BETWEEN 0 AND 1000000000000),
  seq           INTEGER NOT NULL DEFAULT 0,
  status        TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen', 'closed')),
  created_at    INTEGER NOT NULL,
  CHECK (posted_micros - held_micros + debt_micros >= 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- An API key: the SHA-256 of its text, never the text.
CREATE TABLE api_key (
  id         TEXT PRIMARY KEY CHECK (id <> ''),
  account_id TEXT NOT NULL,
  name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  last4      TEXT NOT NULL CHECK (length(last4) = 4),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX api_key_account ON api_key (account_id, created_at);
--> statement-breakpoint

-- Money set aside for one request: the most it can cost. Its id is the request's id, minted before anything was sent.
-- lines is the priced parts as they were asked for: [{"item", "amount"}]; the rows of table line are made from it.
-- An open hold changes state exactly once.
CREATE TABLE hold (
  id              TEXT PRIMARY KEY CHECK (id <> ''),
  account_id      TEXT NOT NULL,
  key_id          TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (idempotency_key <> ''),
  fingerprint     TEXT NOT NULL,
  amount_micros   INTEGER NOT NULL CHECK (amount_micros BETWEEN 1 AND 1000000000000),
  lines           TEXT NOT NULL CHECK (json_valid(lines) AND lines LIKE '[%'),
  state           TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'released', 'expired')),
  settled_micros  INTEGER CHECK (settled_micros BETWEEN 0 AND amount_micros),
  reason          TEXT,
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL CHECK (expires_at > created_at),
  resolved_at     INTEGER,
  CHECK ((state = 'open') = (resolved_at IS NULL)),
  CHECK ((state = 'settled') = (settled_micros IS NOT NULL))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- One hold for one idempotency key of an account; without such a key, the hold's own id stands in.
CREATE UNIQUE INDEX hold_idempotency ON hold (account_id, idempotency_key);
--> statement-breakpoint
-- The open holds of one account, covering: their sum, and those whose time is over.
CREATE INDEX hold_open_account ON hold (account_id, expires_at, amount_micros) WHERE state = 'open';
--> statement-breakpoint
-- The open holds of everybody by expiry, for the sweep.
CREATE INDEX hold_open_expiry ON hold (expires_at) WHERE state = 'open';
--> statement-breakpoint

-- One priced part of a hold. settled_micros stays null until the hold resolves; refunded = reserved - settled.
CREATE TABLE line (
  hold_id         TEXT NOT NULL,
  item            TEXT NOT NULL CHECK (item <> ''),
  reserved_micros INTEGER NOT NULL CHECK (reserved_micros >= 0),
  settled_micros  INTEGER CHECK (settled_micros BETWEEN 0 AND reserved_micros),
  reason          TEXT,
  PRIMARY KEY (hold_id, item)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- What a settled request did, kept for good. Writing the receipt *is* settling: there is no receipt without a settled hold and no
-- settled hold without its receipt. lines is what each part came to: [{"item", "settled", "reason"?}].
CREATE TABLE receipt (
  id         TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  lines      TEXT NOT NULL CHECK (json_valid(lines) AND lines LIKE '[%'),
  body       TEXT NOT NULL CHECK (json_valid(body) AND body LIKE '{%'),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX receipt_account ON receipt (account_id, created_at);
--> statement-breakpoint

-- The journal: every change of posted_micros, numbered per account, each with the balance after it. It only grows.
-- ref is the fact an entry records (a hold, a payment, a grant's name); one fact is booked once.
CREATE TABLE entry (
  account_id           TEXT NOT NULL,
  seq                  INTEGER NOT NULL,
  kind                 TEXT NOT NULL CHECK (kind IN ('usage', 'topup', 'grant', 'clawback', 'reinstate', 'adjust')),
  ref                  TEXT NOT NULL CHECK (ref <> ''),
  delta_micros         INTEGER NOT NULL CHECK (delta_micros BETWEEN -1000000000000 AND 1000000000000),
  balance_after_micros INTEGER NOT NULL,
  created_at           INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq),
  UNIQUE (kind, ref),
  CHECK (
    CASE kind
      WHEN 'usage' THEN delta_micros < 0
      WHEN 'clawback' THEN delta_micros < 0
      WHEN 'adjust' THEN delta_micros <> 0
      ELSE delta_micros > 0
    END
  )
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- One top-up order, written before its buyer is sent to pay. credits_micros is what full payment is worth, fixed here and never read
-- from anything that came back; target_micros is what the ledger should hold for it now. Changing the target books the difference,
-- so refunds, disputes and reversals are all the same act. rev makes the change a compare-and-set.
CREATE TABLE payment (
  id             TEXT PRIMARY KEY CHECK (id <> '' AND instr(id, '#') = 0),
  account_id     TEXT NOT NULL,
  session_id     TEXT UNIQUE,
  intent_id      TEXT UNIQUE,
  currency       TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  credits_micros INTEGER NOT NULL CHECK (credits_micros BETWEEN 1 AND 1000000000000),
  target_micros  INTEGER NOT NULL DEFAULT 0 CHECK (target_micros BETWEEN 0 AND credits_micros),
  rev            INTEGER NOT NULL DEFAULT 0,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- Webhook events already seen. Only a shortcut: the compare-and-set on payment is what makes a repeated event harmless, so this table
-- needs no guard.
CREATE TABLE stripe_event (
  id          TEXT PRIMARY KEY,
  type        TEXT NOT NULL,
  object_id   TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  done_at     INTEGER
) STRICT, WITHOUT ROWID;
--> statement-breakpoint

-- account ---------------------------------------------------------------------------------------------------------------------------

-- An account starts with nothing: its first micro-credit is an entry.
CREATE TRIGGER account_insert_guard BEFORE INSERT ON account BEGIN
  SELECT RAISE(ABORT, 'ledger:account_is_born_empty')
   WHERE NEW.posted_micros <> 0 OR NEW.held_micros <> 0 OR NEW.debt_micros <> 0 OR NEW.seq <> 0;
  SELECT RAISE(ABORT, 'ledger:account_exists') WHERE EXISTS (SELECT 1 FROM account a WHERE a.id = NEW.id);
END;
--> statement-breakpoint
CREATE TRIGGER account_identity_guard BEFORE UPDATE ON account BEGIN
  SELECT RAISE(ABORT, 'ledger:account_identity_is_fixed') WHERE NEW.id IS NOT OLD.id OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'ledger:closed_account_stays_closed') WHERE OLD.status = 'closed' AND NEW.status <> 'closed';
END;
--> statement-breakpoint
-- posted moves only one entry forward, to the balance which that entry states. Without the step of one, an update could wind the
-- account back to an earlier entry.
CREATE TRIGGER account_posted_guard BEFORE UPDATE ON account WHEN NEW.posted_micros <> OLD.posted_micros OR NEW.seq <> OLD.seq BEGIN
  SELECT RAISE(ABORT, 'ledger:posted_moves_by_one_entry') WHERE NEW.seq <> OLD.seq + 1;
  SELECT RAISE(ABORT, 'ledger:posted_moves_only_by_entry') WHERE NOT EXISTS (
    SELECT 1 FROM entry e WHERE e.account_id = NEW.id AND e.seq = NEW.seq AND e.balance_after_micros = NEW.posted_micros);
END;
--> statement-breakpoint
CREATE TRIGGER account_held_guard BEFORE UPDATE ON account WHEN NEW.held_micros <> OLD.held_micros BEGIN
  SELECT RAISE(ABORT, 'ledger:held_moves_only_by_hold') WHERE NEW.held_micros <> (
    SELECT coalesce(sum(h.amount_micros), 0) FROM hold h WHERE h.account_id = NEW.id AND h.state = 'open');
END;
--> statement-breakpoint
CREATE TRIGGER account_debt_guard BEFORE UPDATE ON account WHEN NEW.debt_micros <> OLD.debt_micros BEGIN
  SELECT RAISE(ABORT, 'ledger:debt_is_the_shortfall') WHERE NEW.debt_micros <> max(0, NEW.held_micros - NEW.posted_micros);
END;
--> statement-breakpoint
CREATE TRIGGER account_delete_guard BEFORE DELETE ON account BEGIN
  SELECT RAISE(ABORT, 'ledger:accounts_are_kept');
END;
--> statement-breakpoint

-- api_key ---------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER api_key_insert_guard BEFORE INSERT ON api_key BEGIN
  SELECT RAISE(ABORT, 'ledger:key_needs_an_account') WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = NEW.account_id);
  SELECT RAISE(ABORT, 'ledger:key_exists')
   WHERE EXISTS (SELECT 1 FROM api_key k WHERE k.id = NEW.id) OR EXISTS (SELECT 1 FROM api_key k WHERE k.hash = NEW.hash);
END;
--> statement-breakpoint
-- Whose money a key opens never changes, and its life only gets shorter: a revoked key stays revoked, an expiry only moves closer.
CREATE TRIGGER api_key_update_guard BEFORE UPDATE ON api_key BEGIN
  SELECT RAISE(ABORT, 'ledger:key_identity_is_fixed')
   WHERE NEW.id IS NOT OLD.id OR NEW.account_id IS NOT OLD.account_id OR NEW.hash IS NOT OLD.hash OR NEW.last4 IS NOT OLD.last4
      OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'ledger:key_stays_revoked') WHERE OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at;
  SELECT RAISE(ABORT, 'ledger:key_expiry_only_moves_closer')
   WHERE OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at);
END;
--> statement-breakpoint
CREATE TRIGGER api_key_delete_guard BEFORE DELETE ON api_key BEGIN
  SELECT RAISE(ABORT, 'ledger:keys_are_kept');
END;
--> statement-breakpoint

-- hold ------------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER hold_insert_guard BEFORE INSERT ON hold BEGIN
  SELECT RAISE(ABORT, 'ledger:hold_is_born_open') WHERE NEW.state <> 'open';
  SELECT RAISE(ABORT, 'ledger:hold_exists')
   WHERE EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.id)
      OR EXISTS (SELECT 1 FROM hold h WHERE h.account_id = NEW.account_id AND h.idempotency_key = NEW.idempotency_key);
  SELECT RAISE(ABORT, 'ledger:hold_needs_a_live_key') WHERE NOT EXISTS (
    SELECT 1 FROM api_key k
     WHERE k.id = NEW.key_id AND k.account_id = NEW.account_id AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > NEW.created_at));
END;
--> statement-breakpoint
-- A new hold takes its amount from what is available, and its lines are made from its own JSON and add up to it.
CREATE TRIGGER hold_insert_effect AFTER INSERT ON hold BEGIN
  UPDATE account SET held_micros = held_micros + NEW.amount_micros
   WHERE id = NEW.account_id AND status = 'active' AND posted_micros - held_micros >= NEW.amount_micros;
  SELECT RAISE(ABORT, 'ledger:insufficient_credits') WHERE changes() <> 1;
  INSERT INTO line (hold_id, item, reserved_micros)
    SELECT NEW.id, j.value ->> 'item', j.value ->> 'amount' FROM json_each(NEW.lines) j;
  SELECT RAISE(ABORT, 'ledger:lines_must_add_up_to_the_hold') WHERE (
    SELECT sum(l.reserved_micros) IS NOT NEW.amount_micros OR count(*) <> (SELECT count(*) FROM json_each(NEW.lines))
      FROM line l WHERE l.hold_id = NEW.id);
END;
--> statement-breakpoint
CREATE TRIGGER hold_update_guard BEFORE UPDATE ON hold BEGIN
  SELECT RAISE(ABORT, 'ledger:hold_resolves_once') WHERE OLD.state <> 'open' OR NEW.state = 'open';
  SELECT RAISE(ABORT, 'ledger:hold_terms_are_fixed')
   WHERE NEW.id IS NOT OLD.id OR NEW.account_id IS NOT OLD.account_id OR NEW.key_id IS NOT OLD.key_id
      OR NEW.idempotency_key IS NOT OLD.idempotency_key OR NEW.fingerprint IS NOT OLD.fingerprint
      OR NEW.amount_micros IS NOT OLD.amount_micros OR NEW.lines IS NOT OLD.lines
      OR NEW.created_at IS NOT OLD.created_at OR NEW.expires_at IS NOT OLD.expires_at;
  SELECT RAISE(ABORT, 'ledger:hold_settles_by_its_receipt')
   WHERE NEW.state = 'settled' AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.id = NEW.id);
END;
--> statement-breakpoint
-- Resolving gives the whole amount back to what is available, writes every line, and books what was settled as one entry.
CREATE TRIGGER hold_update_effect AFTER UPDATE ON hold BEGIN
  UPDATE account SET held_micros = held_micros - OLD.amount_micros WHERE id = OLD.account_id;
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
CREATE TRIGGER hold_delete_guard BEFORE DELETE ON hold BEGIN
  SELECT RAISE(ABORT, 'ledger:holds_are_kept');
END;
--> statement-breakpoint

-- line ------------------------------------------------------------------------------------------------------------------------------

-- A line is what its open hold's JSON says, once.
CREATE TRIGGER line_insert_guard BEFORE INSERT ON line BEGIN
  SELECT RAISE(ABORT, 'ledger:line_exists') WHERE EXISTS (SELECT 1 FROM line l WHERE l.hold_id = NEW.hold_id AND l.item = NEW.item);
  SELECT RAISE(ABORT, 'ledger:line_comes_from_its_hold') WHERE NEW.settled_micros IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM hold h CROSS JOIN json_each(h.lines) j
     WHERE h.id = NEW.hold_id AND h.state = 'open' AND j.value ->> 'item' = NEW.item AND j.value ->> 'amount' = NEW.reserved_micros);
END;
--> statement-breakpoint
-- A line settles only while its hold resolves: before that the hold is open, after that the line is settled.
CREATE TRIGGER line_update_guard BEFORE UPDATE ON line BEGIN
  SELECT RAISE(ABORT, 'ledger:line_settles_with_its_hold')
   WHERE NEW.settled_micros IS NULL OR EXISTS (SELECT 1 FROM hold h WHERE h.id = OLD.hold_id AND h.state = 'open');
  SELECT RAISE(ABORT, 'ledger:line_settles_once') WHERE OLD.settled_micros IS NOT NULL;
END;
--> statement-breakpoint
CREATE TRIGGER line_delete_guard BEFORE DELETE ON line BEGIN
  SELECT RAISE(ABORT, 'ledger:lines_are_kept');
END;
--> statement-breakpoint

-- receipt ---------------------------------------------------------------------------------------------------------------------------

-- One that exists has a settled hold, so replacing it is refused here as well.
CREATE TRIGGER receipt_insert_guard BEFORE INSERT ON receipt BEGIN
  SELECT RAISE(ABORT, 'ledger:receipt_needs_an_open_hold') WHERE NOT EXISTS (
    SELECT 1 FROM hold h
     WHERE h.id = NEW.id AND h.account_id = NEW.account_id AND h.state = 'open' AND h.expires_at > NEW.created_at);
END;
--> statement-breakpoint
CREATE TRIGGER receipt_insert_effect AFTER INSERT ON receipt BEGIN
  UPDATE hold
     SET state = 'settled', resolved_at = NEW.created_at,
         settled_micros = (SELECT coalesce(sum(j.value ->> 'settled'), 0) FROM json_each(NEW.lines) j)
   WHERE id = NEW.id;
  SELECT RAISE(ABORT, 'ledger:receipt_must_settle_its_hold') WHERE NOT EXISTS (
    SELECT 1 FROM hold h WHERE h.id = NEW.id AND h.state = 'settled');
END;
--> statement-breakpoint
CREATE TRIGGER receipt_update_guard BEFORE UPDATE ON receipt BEGIN
  SELECT RAISE(ABORT, 'ledger:receipts_are_fixed');
END;
--> statement-breakpoint
CREATE TRIGGER receipt_delete_guard BEFORE DELETE ON receipt BEGIN
  SELECT RAISE(ABORT, 'ledger:receipts_are_kept');
END;
--> statement-breakpoint

-- entry -----------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER entry_insert_guard BEFORE INSERT ON entry BEGIN
  SELECT RAISE(ABORT, 'ledger:entry_must_continue_the_chain') WHERE NOT EXISTS (
    SELECT 1 FROM account a
     WHERE a.id = NEW.account_id AND NEW.seq = a.seq + 1 AND NEW.balance_after_micros = a.posted_micros + NEW.delta_micros);
  SELECT RAISE(ABORT, 'ledger:entry_exists') WHERE EXISTS (SELECT 1 FROM entry e WHERE e.kind = NEW.kind AND e.ref = NEW.ref);
  SELECT RAISE(ABORT, 'ledger:usage_needs_a_settled_hold') WHERE NEW.kind = 'usage' AND NOT EXISTS (
    SELECT 1 FROM hold h
     WHERE h.id = NEW.ref AND h.account_id = NEW.account_id AND h.state = 'settled' AND h.settled_micros = -NEW.delta_micros);
  -- A payment's entries add up to its target, so one more is wrong unless the target has just moved by as much.
  SELECT RAISE(ABORT, 'ledger:payment_entry_needs_its_payment') WHERE NEW.kind IN ('topup', 'clawback', 'reinstate') AND NOT EXISTS (
    SELECT 1 FROM payment p
     WHERE p.id = substr(NEW.ref, 1, instr(NEW.ref || '#', '#') - 1) AND p.account_id = NEW.account_id
       AND p.target_micros = NEW.delta_micros + (
         SELECT coalesce(sum(e.delta_micros), 0) FROM entry e
          WHERE (e.kind = 'topup' AND e.ref = p.id)
             OR (e.kind IN ('clawback', 'reinstate') AND e.ref >= p.id || '#' AND e.ref < p.id || '$')));
END;
--> statement-breakpoint
-- A spend may never create debt: it leaves the column alone and the account's CHECK stops it.
CREATE TRIGGER entry_insert_effect AFTER INSERT ON entry BEGIN
  UPDATE account
     SET posted_micros = NEW.balance_after_micros, seq = NEW.seq,
         debt_micros = CASE NEW.kind WHEN 'usage' THEN debt_micros ELSE max(0, held_micros - NEW.balance_after_micros) END
   WHERE id = NEW.account_id;
  SELECT RAISE(ABORT, 'ledger:entry_must_reach_its_account') WHERE NOT EXISTS (
    SELECT 1 FROM account a WHERE a.id = NEW.account_id AND a.seq = NEW.seq AND a.posted_micros = NEW.balance_after_micros);
END;
--> statement-breakpoint
CREATE TRIGGER entry_update_guard BEFORE UPDATE ON entry BEGIN
  SELECT RAISE(ABORT, 'ledger:entries_are_fixed');
END;
--> statement-breakpoint
CREATE TRIGGER entry_delete_guard BEFORE DELETE ON entry BEGIN
  SELECT RAISE(ABORT, 'ledger:entries_are_kept');
END;
--> statement-breakpoint

-- payment ---------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER payment_insert_guard BEFORE INSERT ON payment BEGIN
  SELECT RAISE(ABORT, 'ledger:payment_is_born_unpaid') WHERE NEW.target_micros <> 0 OR NEW.rev <> 0;
  SELECT RAISE(ABORT, 'ledger:payment_needs_an_account') WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = NEW.account_id);
  SELECT RAISE(ABORT, 'ledger:payment_exists')
   WHERE EXISTS (SELECT 1 FROM payment p WHERE p.id = NEW.id)
      OR EXISTS (SELECT 1 FROM payment p WHERE p.session_id = NEW.session_id)
      OR EXISTS (SELECT 1 FROM payment p WHERE p.intent_id = NEW.intent_id);
END;
--> statement-breakpoint
CREATE TRIGGER payment_update_guard BEFORE UPDATE ON payment BEGIN
  SELECT RAISE(ABORT, 'ledger:payment_terms_are_fixed')
   WHERE NEW.id IS NOT OLD.id OR NEW.account_id IS NOT OLD.account_id OR NEW.currency IS NOT OLD.currency
      OR NEW.amount_minor IS NOT OLD.amount_minor OR NEW.credits_micros IS NOT OLD.credits_micros
      OR NEW.created_at IS NOT OLD.created_at
      OR (OLD.session_id IS NOT NULL AND NEW.session_id IS NOT OLD.session_id)
      OR (OLD.intent_id IS NOT NULL AND NEW.intent_id IS NOT OLD.intent_id);
  SELECT RAISE(ABORT, 'ledger:payment_reference_is_taken')
   WHERE EXISTS (SELECT 1 FROM payment p WHERE p.session_id = NEW.session_id AND p.id <> NEW.id)
      OR EXISTS (SELECT 1 FROM payment p WHERE p.intent_id = NEW.intent_id AND p.id <> NEW.id);
  SELECT RAISE(ABORT, 'ledger:payment_revision_counts_up')
   WHERE NEW.rev NOT IN (OLD.rev, OLD.rev + 1) OR (NEW.target_micros <> OLD.target_micros AND NEW.rev <> OLD.rev + 1);
END;
--> statement-breakpoint
-- The first credit of a payment is its top-up, later ones reinstate what a clawback took.
CREATE TRIGGER payment_update_effect AFTER UPDATE ON payment WHEN NEW.target_micros <> OLD.target_micros BEGIN
  INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at)
    SELECT a.id, a.seq + 1,
           CASE WHEN NEW.target_micros < OLD.target_micros THEN 'clawback' WHEN t.ref IS NULL THEN 'topup' ELSE 'reinstate' END,
           CASE WHEN NEW.target_micros > OLD.target_micros AND t.ref IS NULL THEN NEW.id ELSE NEW.id || '#' || NEW.rev END,
           NEW.target_micros - OLD.target_micros, a.posted_micros + NEW.target_micros - OLD.target_micros, NEW.updated_at
      FROM account a LEFT JOIN entry t ON t.kind = 'topup' AND t.ref = NEW.id
     WHERE a.id = NEW.account_id;
  SELECT RAISE(ABORT, 'ledger:payment_must_be_booked') WHERE NOT EXISTS (
    SELECT 1 FROM entry e
     WHERE e.kind IN ('topup', 'clawback', 'reinstate') AND e.ref IN (NEW.id, NEW.id || '#' || NEW.rev)
       AND e.delta_micros = NEW.target_micros - OLD.target_micros
       AND (e.seq = (SELECT a.seq FROM account a WHERE a.id = NEW.account_id)));
END;
--> statement-breakpoint
CREATE TRIGGER payment_delete_guard BEFORE DELETE ON payment BEGIN
  SELECT RAISE(ABORT, 'ledger:payments_are_kept');
END;
--> statement-breakpoint

-- Procedures ------------------------------------------------------------------------------------------------------------------------
--
-- A view names the procedure and its arguments, an INSTEAD OF trigger is its body. The caller inserts rows made from json_each(?), so
-- one call is a batch of one and many calls are one statement; each row sees what the rows before it did. A bad row changes
-- nothing and raises nothing: one raising row would fail its whole batch, so bodies refuse in WHERE what the guards would raise on.

-- Sets the lines' sum aside until expires_at, after giving back the account's holds whose time is over.
-- lines: [{"item", "amount"}], 1 to 32 of them. idempotency_key may be null.
CREATE VIEW reserve AS
  SELECT '' AS id, '' AS key_hash, '' AS idempotency_key, '' AS fingerprint, '' AS lines, 0 AS now, 0 AS expires_at WHERE 0;
--> statement-breakpoint
CREATE TRIGGER reserve_run INSTEAD OF INSERT ON reserve BEGIN
  -- Fifty a call bounds the work of one statement; whoever finds more waiting calls again.
  UPDATE hold SET state = 'expired', reason = 'expired', resolved_at = NEW.now WHERE id IN (
    SELECT h.id FROM hold h
     WHERE h.state = 'open' AND h.expires_at <= NEW.now AND typeof(NEW.now) = 'integer'
       AND h.account_id = (SELECT k.account_id FROM api_key k WHERE k.hash = unhex(NEW.key_hash))
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
      ) t CROSS JOIN api_key k CROSS JOIN account a ON a.id = k.account_id
     WHERE t.ok AND t.amount BETWEEN 1 AND 1000000000000
       AND typeof(NEW.id) = 'text' AND NEW.id <> '' AND typeof(NEW.fingerprint) = 'text'
       AND (NEW.idempotency_key IS NULL OR (typeof(NEW.idempotency_key) = 'text' AND NEW.idempotency_key <> ''))
       AND typeof(NEW.now) = 'integer' AND typeof(NEW.expires_at) = 'integer' AND NEW.expires_at > NEW.now
       AND k.hash = unhex(NEW.key_hash) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > NEW.now)
       AND a.status = 'active' AND a.posted_micros - a.held_micros >= t.amount
       AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.id)
       AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.account_id = a.id AND h.idempotency_key = coalesce(NEW.idempotency_key, NEW.id));
END;
--> statement-breakpoint

-- Takes what was delivered and gives the rest back. lines: [{"item", "settled", "reason"?}]; an item that isn't named is given back
-- whole. A hold whose time is over expires instead, whether or not the sweep has come by: the outcome never depends on the sweep.
CREATE VIEW settle AS SELECT '' AS id, '' AS lines, '' AS body, 0 AS now WHERE 0;
--> statement-breakpoint
CREATE TRIGGER settle_run INSTEAD OF INSERT ON settle BEGIN
  UPDATE hold SET state = 'expired', reason = 'expired', resolved_at = NEW.now
   WHERE id = NEW.id AND state = 'open' AND typeof(NEW.now) = 'integer' AND expires_at <= NEW.now;
  INSERT INTO receipt (id, account_id, lines, body, created_at)
    SELECT h.id, h.account_id, NEW.lines, NEW.body, NEW.now
      FROM hold h
     WHERE h.id = NEW.id AND h.state = 'open' AND typeof(NEW.now) = 'integer'
       AND json_valid(NEW.body) AND NEW.body LIKE '{%' AND json_valid(NEW.lines) AND NEW.lines LIKE '[%'
       AND NOT EXISTS (
         SELECT 1 FROM json_each(CASE WHEN json_valid(NEW.lines) THEN NEW.lines ELSE '[]' END) j
           LEFT JOIN line l ON l.hold_id = NEW.id AND l.item = CASE j.type WHEN 'object' THEN j.value ->> 'item' END
          WHERE CASE j.type WHEN 'object' THEN typeof(j.value ->> 'settled') = 'integer' AND j.value ->> 'settled' BETWEEN 0 AND l.reserved_micros
                END IS NOT TRUE)
       AND (SELECT count(*) = count(DISTINCT CASE j.type WHEN 'object' THEN j.value ->> 'item' END)
              FROM json_each(CASE WHEN json_valid(NEW.lines) THEN NEW.lines ELSE '[]' END) j);
END;
--> statement-breakpoint

-- Gives a whole hold back, with the reason why.
CREATE VIEW release AS SELECT '' AS id, '' AS reason, 0 AS now WHERE 0;
--> statement-breakpoint
CREATE TRIGGER release_run INSTEAD OF INSERT ON release BEGIN
  UPDATE hold SET state = 'released', reason = NEW.reason, resolved_at = NEW.now
   WHERE id = NEW.id AND state = 'open' AND typeof(NEW.now) = 'integer';
END;
--> statement-breakpoint

-- Reserve and settle in full, in one row. The hold lives for no time at all; its minute only satisfies the table's law.
CREATE VIEW charge AS
  SELECT '' AS id, '' AS key_hash, '' AS idempotency_key, '' AS fingerprint, '' AS lines, '' AS body, 0 AS now WHERE 0;
--> statement-breakpoint
CREATE TRIGGER charge_run INSTEAD OF INSERT ON charge BEGIN
  -- A body that settle would refuse must not leave a hold behind, so it empties the lines and reserve refuses.
  INSERT INTO reserve (id, key_hash, idempotency_key, fingerprint, lines, now, expires_at)
    SELECT NEW.id, NEW.key_hash, NEW.idempotency_key, NEW.fingerprint,
           CASE WHEN json_valid(NEW.body) AND NEW.body LIKE '{%' THEN NEW.lines ELSE '[]' END, NEW.now, NEW.now + 60000
     WHERE NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = NEW.id);
  INSERT INTO settle (id, lines, body, now)
    SELECT h.id, (SELECT json_group_array(json_object('item', l.item, 'settled', l.reserved_micros)) FROM line l WHERE l.hold_id = h.id),
           NEW.body, NEW.now
      FROM hold h JOIN api_key k ON k.id = h.key_id
     WHERE h.id = NEW.id AND h.state = 'open' AND h.fingerprint = NEW.fingerprint AND k.hash = unhex(NEW.key_hash);
END;
--> statement-breakpoint

-- Books a grant or an adjustment once. Top-ups have no place here: they are booked by moving a payment's target.
CREATE VIEW credit AS SELECT '' AS account_id, '' AS kind, '' AS ref, 0 AS delta, 0 AS now WHERE 0;
--> statement-breakpoint
CREATE TRIGGER credit_run INSTEAD OF INSERT ON credit BEGIN
  INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at)
    SELECT a.id, a.seq + 1, NEW.kind, NEW.ref, NEW.delta, a.posted_micros + NEW.delta, NEW.now
      FROM account a
     WHERE a.id = NEW.account_id AND typeof(NEW.ref) = 'text' AND NEW.ref <> '' AND typeof(NEW.now) = 'integer'
       AND typeof(NEW.delta) = 'integer' AND NEW.delta BETWEEN -1000000000000 AND 1000000000000
       AND CASE NEW.kind WHEN 'grant' THEN NEW.delta > 0 WHEN 'adjust' THEN NEW.delta <> 0 ELSE 0 END
       AND a.posted_micros + NEW.delta <= 1000000000000 AND a.posted_micros + NEW.delta - a.held_micros >= -1000000000000
       AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.kind = NEW.kind AND e.ref = NEW.ref);
END;
--> statement-breakpoint

-- Expires one page of the holds whose time is over, oldest first.
CREATE VIEW expire AS SELECT 0 AS now, 0 AS page WHERE 0;
--> statement-breakpoint
CREATE TRIGGER expire_run INSTEAD OF INSERT ON expire BEGIN
  UPDATE hold SET state = 'expired', reason = 'expired', resolved_at = NEW.now WHERE id IN (
    SELECT h.id FROM hold h
     WHERE h.state = 'open' AND h.expires_at <= NEW.now AND typeof(NEW.now) = 'integer'
     ORDER BY h.expires_at LIMIT CASE WHEN typeof(NEW.page) = 'integer' THEN max(0, min(NEW.page, 1000)) ELSE 0 END);
END;
--> statement-breakpoint

-- The laws, each with the number of rows that break it. Independent of the triggers: it recomputes everything from the rows.
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
