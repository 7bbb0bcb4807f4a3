/** All holds of the accounts in the range; no single index covers them. */
const HOLDS = `(
  SELECT * FROM hold INDEXED BY hold_open_account WHERE state = 'open' AND account_id > ?1 AND account_id <= ?2
  UNION ALL
  SELECT * FROM hold INDEXED BY hold_settled_account WHERE state = 'settled' AND account_id > ?1 AND account_id <= ?2
  UNION ALL
  SELECT * FROM hold INDEXED BY hold_failed_account
   WHERE (state = 'released' OR state = 'expired') AND account_id > ?1 AND account_id <= ?2)`;

/** Whether a charged request is in no file of the archive, whose ranges of ids don't overlap. */
function isNotInFile(id: string): string {
  return `coalesce(${id} > (SELECT a.last_id FROM archive a WHERE a.kind = 'settled' AND a.first_id <= ${id} ORDER BY a.first_id DESC LIMIT 1), 1)`;
}

/**
 * The invariants of the views `audit` and `key_audit` (migrations/0014_archive.sql), restricted to accounts after ?1 up to and including
 * ?2. Each uses an index that begins with the account. Missing are RECEIPT_INVARIANT and INVARIANTS_WITHOUT_ACCOUNT.
 */
export const RANGE_INVARIANTS = {
  posted_is_the_sum_of_entries: `count(*) AS broken FROM account a WHERE a.id > ?1 AND a.id <= ?2
    AND a.posted_micros <> (SELECT coalesce(sum(e.delta_micros), 0) FROM entry e WHERE e.account_id = a.id)`,
  seq_is_the_number_of_entries: `count(*) AS broken FROM account a WHERE a.id > ?1 AND a.id <= ?2
    AND a.seq <> (SELECT count(*) FROM entry e WHERE e.account_id = a.id)`,
  entries_form_a_chain: `count(*) AS broken FROM entry e
    LEFT JOIN entry p ON p.account_id = e.account_id AND p.seq = e.seq - 1
   WHERE e.account_id > ?1 AND e.account_id <= ?2
     AND (e.balance_after_micros <> coalesce(p.balance_after_micros, 0) + e.delta_micros OR (p.seq IS NULL AND e.seq <> 1))`,
  entries_have_an_account: `count(*) AS broken FROM entry e WHERE e.account_id > ?1 AND e.account_id <= ?2
    AND NOT EXISTS (SELECT 1 FROM account a WHERE a.id = e.account_id)`,
  held_is_the_sum_of_open_holds: `count(*) AS broken FROM account a WHERE a.id > ?1 AND a.id <= ?2
    AND a.held_micros <> (SELECT coalesce(sum(h.amount_micros), 0) FROM hold h WHERE h.account_id = a.id AND h.state = 'open')`,
  debt_is_the_shortfall: `count(*) AS broken FROM account a WHERE a.id > ?1 AND a.id <= ?2
    AND a.debt_micros <> max(0, a.held_micros - a.posted_micros)`,
  holds_belong_to_their_key: `count(*) AS broken FROM ${HOLDS} h
   WHERE NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = h.key_id AND k.account_id = h.account_id)`,
  settlements_are_booked_once: `count(*) AS broken FROM ${HOLDS} h LEFT JOIN entry e ON e.kind = 'usage' AND e.ref = h.id
   WHERE (h.state = 'settled' AND h.settled_micros > 0) <> (e.ref IS NOT NULL)
      OR (e.ref IS NOT NULL AND (e.delta_micros <> -h.settled_micros OR e.account_id <> h.account_id))`,
  usage_has_its_hold: `count(*) AS broken FROM entry e WHERE e.account_id > ?1 AND e.account_id <= ?2
    AND e.kind = 'usage' AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = e.ref) AND ${isNotInFile('e.ref')}`,
  lines_add_up: `count(*) AS broken FROM ${HOLDS} h
   WHERE (SELECT sum(l.reserved_micros) IS NOT h.amount_micros
             OR sum(l.settled_micros) IS NOT CASE h.state WHEN 'open' THEN NULL WHEN 'settled' THEN h.settled_micros ELSE 0 END
             OR count(l.settled_micros) <> CASE h.state WHEN 'open' THEN 0 ELSE count(*) END
           FROM line l WHERE l.hold_id = h.id)`,
  lines_are_those_asked_for: `count(*) AS broken FROM ${HOLDS} o CROSS JOIN line l ON l.hold_id = o.id
   WHERE NOT EXISTS (SELECT 1 FROM json_each(o.lines) j WHERE j.value ->> 'item' = l.item AND j.value ->> 'amount' = l.reserved_micros)`,
  settled_holds_have_a_receipt: `count(*) AS broken FROM ${HOLDS} h LEFT JOIN receipt r ON r.id = h.id
   WHERE (h.state = 'settled') <> (r.id IS NOT NULL) OR (r.id IS NOT NULL AND r.account_id <> h.account_id)`,
  payments_are_booked: `count(*) AS broken FROM payment p WHERE p.account_id > ?1 AND p.account_id <= ?2
    AND p.target_micros <> (
      SELECT coalesce(sum(e.delta_micros), 0) FROM entry e
       WHERE (e.kind = 'topup' AND e.ref = p.id)
          OR (e.kind IN ('clawback', 'reinstate') AND e.ref >= p.id || '#' AND e.ref < p.id || '$'))`,
  payment_entries_have_a_payment: `count(*) AS broken FROM entry e WHERE e.account_id > ?1 AND e.account_id <= ?2
    AND e.kind IN ('topup', 'clawback', 'reinstate')
    AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = substr(e.ref, 1, instr(e.ref || '#', '#') - 1) AND p.account_id = e.account_id)`,
  usage_is_what_the_holds_took: `count(*) AS broken FROM (
    SELECT u.key_id
      FROM (SELECT l.value AS key_id, coalesce(p.day, h.created_at / 86400000) AS day,
                   coalesce(p.month, strftime('%Y%m', h.created_at / 1000, 'unixepoch') + 0, 0) AS month,
                   CASE h.state WHEN 'open' THEN h.amount_micros WHEN 'settled' THEN h.settled_micros ELSE 0 END
                     - coalesce((SELECT r.micros FROM reversal r WHERE r.hold_id = h.id), 0) AS micros
              FROM ${HOLDS} h CROSS JOIN api_key k ON k.id = h.key_id CROSS JOIN json_each(k.lineage) l
                   LEFT JOIN late_hold p ON p.hold_id = h.id AND p.key_id = l.value
            UNION ALL
            SELECT k.id, 0, 0, 0 FROM api_key k WHERE k.account_id > ?1 AND k.account_id <= ?2) t
      CROSS JOIN key_usage u ON u.key_id = t.key_id
     GROUP BY u.key_id
    HAVING u.total_micros <> u.archived_micros + sum(t.micros)
        OR (u.day > 0 AND u.day_micros <> sum(CASE u.day WHEN t.day THEN t.micros ELSE 0 END))
        OR (u.month > 0 AND u.month_micros <> sum(CASE u.month WHEN t.month THEN t.micros ELSE 0 END)))`,
  usage_counts_in_a_period: `count(*) AS broken FROM api_key k CROSS JOIN key_usage u ON u.key_id = k.id
   WHERE k.account_id > ?1 AND k.account_id <= ?2
     AND (u.total_micros <> u.past_day_micros + u.day_micros OR u.total_micros <> u.past_month_micros + u.month_micros)`,
  late_holds_have_a_hold: `count(*) AS broken FROM ${HOLDS} h CROSS JOIN late_hold p ON p.hold_id = h.id
   WHERE p.day < h.created_at / 86400000 OR p.month < coalesce(strftime('%Y%m', h.created_at / 1000, 'unixepoch') + 0, 0)
      OR NOT EXISTS (SELECT 1 FROM api_key k CROSS JOIN json_each(k.lineage) l WHERE k.id = h.key_id AND l.value = p.key_id)`,
  reversals_are_booked: `count(*) AS broken FROM (
    SELECT v.hold_id FROM ${HOLDS} h CROSS JOIN reversal v ON v.hold_id = h.id
      LEFT JOIN entry e ON e.kind = 'adjust' AND e.ref = 'undelivered:' || v.hold_id
     WHERE h.settled_micros IS NOT v.micros OR e.delta_micros IS NOT v.micros OR e.account_id IS NOT h.account_id
    UNION ALL
    SELECT e.ref FROM entry e
     WHERE e.account_id > ?1 AND e.account_id <= ?2 AND e.kind = 'adjust' AND e.ref >= 'undelivered:' AND e.ref < 'undelivered;'
       AND NOT EXISTS (SELECT 1 FROM reversal v WHERE v.hold_id = substr(e.ref, 13)) AND ${isNotInFile('substr(e.ref, 13)')})`,
  lineage_follows_the_parents: `count(*) AS broken FROM api_key k LEFT JOIN api_key p ON p.id = k.parent_id
   WHERE k.account_id > ?1 AND k.account_id <= ?2
     AND (k.lineage IS NOT coalesce(json_insert(p.lineage, '$[#]', k.id), json_array(k.id))
       OR (k.parent_id IS NOT NULL AND p.account_id IS NOT k.account_id))`,
  keys_have_their_usage: `count(*) AS broken FROM api_key k WHERE k.account_id > ?1 AND k.account_id <= ?2
    AND NOT EXISTS (SELECT 1 FROM key_usage u WHERE u.key_id = k.id)`,
} as const satisfies Readonly<Record<string, string>>;

/** Checks the next ?2 receipts after the id ?1. Receipts have no index by account, so they are checked in a pass of their own. */
export const RECEIPT_INVARIANT = {
  name: 'receipts_have_a_hold',
  sql: `sum(NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = t.id)) AS broken, count(*) AS looked, max(t.id) AS last
   FROM (SELECT r.id FROM receipt r WHERE r.id > ?1 ORDER BY r.id LIMIT ?2) t`,
} as const;

/** Violations of these belong to no account, so only the full audit finds them. */
export const INVARIANTS_WITHOUT_ACCOUNT = [
  'secrets_have_a_key',
  'archives_hold_what_was_moved',
  'archived_settlements_stay_booked',
] as const;
