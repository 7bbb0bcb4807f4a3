import type { InStatement } from '@libsql/client/web';
import { DAY_MS } from '../../core/clock.ts';
import { END_OF_TIME } from '../../db/columns.ts';
import type { UsageFilter, UsagePosition, UsageState } from './usage.ts';

type Statement = Exclude<InStatement, string>;

/** Bounds one report; days and endpoints never come near it. */
const MAX_GROUPS = 1_000;

/** What was given back of hold `h` after it had been settled. */
const REVERSED = 'coalesce((SELECT v.micros FROM reversal v WHERE v.hold_id = h.id), 0)';

/** Selects the key's holds in a state and range, using the index of the account or of one of its keys. */
function holdsIn(state: UsageState, filter: UsageFilter): string {
  const index = `hold_${state === 'settled' ? 'settled' : 'failed'}_${filter.keyId === null ? 'account' : 'key'}`;
  const chosen = filter.keyId === null ? '' : 'AND h.key_id = ?';
  const endpoint = filter.endpoint === null ? '' : `AND r.body ->> 'endpoint' = ?`;
  // Settled holds, and only those, have a receipt.
  const receipt = state === 'settled' ? 'CROSS JOIN' : 'LEFT JOIN';
  return `FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN hold h INDEXED BY ${index}
         ON h.account_id = k.account_id ${chosen} ${receipt} receipt r ON r.id = h.id
         WHERE s.hash = unhex(?) AND h.state = '${state}' AND h.resolved_at >= ? AND (h.resolved_at, h.id) < (?, ?) ${endpoint}`;
}

function holdsArgs(keyHash: string, filter: UsageFilter, before: UsagePosition) {
  const { keyId, endpoint } = filter;
  return [...(keyId === null ? [] : [keyId]), keyHash, filter.from ?? 0, before.at, before.id, ...(endpoint === null ? [] : [endpoint])];
}

/** A page of the finished requests in these states, newest first. Each state is read in index order, then merged. */
export function readUsage(
  keyHash: string,
  page: {
    readonly states: readonly UsageState[];
    readonly filter: UsageFilter;
    readonly after: UsagePosition | null;
    readonly limit: number;
  },
): Statement {
  const { states, filter, after, limit } = page;
  const before = after ?? { at: filter.to ?? END_OF_TIME, id: '' };
  const read = (state: UsageState) =>
    `SELECT h.id, h.key_id, h.state, h.reason, h.resolved_at, h.amount_micros, h.settled_micros, ${REVERSED} AS reversed_micros,
            r.body ${holdsIn(state, filter)}`;
  return {
    sql: `${states.map(read).join(' UNION ALL ')} ORDER BY 5 DESC, 1 DESC LIMIT ?`,
    args: [...states.flatMap(() => holdsArgs(keyHash, filter, before)), limit],
  };
}

/** Sums of settled requests by day, endpoint or key. Reads the whole range. */
export function readGroups(keyHash: string, filter: UsageFilter, by: 'day' | 'endpoint' | 'key'): Statement {
  const group = {
    day: `strftime('%Y-%m-%d', h.resolved_at / ${DAY_MS} * 86400, 'unixepoch')`,
    endpoint: `coalesce(r.body ->> 'endpoint', '')`,
    key: 'h.key_id',
  }[by];
  return {
    sql: `SELECT ${group} AS label, count(*) AS requests, sum(h.amount_micros) AS reserved, sum(h.settled_micros - ${REVERSED}) AS settled
          ${holdsIn('settled', filter)} GROUP BY label ORDER BY label LIMIT ${MAX_GROUPS}`,
    args: holdsArgs(keyHash, filter, { at: filter.to ?? END_OF_TIME, id: '' }),
  };
}

/** A request of the key's account with its receipt; no row if the account has no such request. */
export function readReceipt(keyHash: string, id: string): Statement {
  return {
    sql: `SELECT h.id, h.key_id, h.state, h.reason, h.created_at, h.resolved_at, h.amount_micros, h.settled_micros,
                 ${REVERSED} AS reversed_micros, r.body
            FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN hold h ON h.id = ? AND h.account_id = k.account_id LEFT JOIN receipt r ON r.id = h.id
           WHERE s.hash = unhex(?)`,
    args: [id, keyHash],
  };
}

/** A page of the journal of the key's account, newest first. */
export function readEntries(keyHash: string, before: number | null, limit: number): Statement {
  return {
    sql: `SELECT e.seq, e.kind, e.ref, e.delta_micros, e.balance_after_micros, e.created_at
            FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN entry e ON e.account_id = k.account_id
           WHERE s.hash = unhex(?) AND e.seq < ? ORDER BY e.seq DESC LIMIT ?`,
    args: [keyHash, before ?? END_OF_TIME, limit],
  };
}
