import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { CALL_POLICY, callDatabase, type Unreachable } from '../../db/call.ts';
import { ok, type Result } from '../../core/result.ts';
import { type Increment, labelText, type Sum } from './series.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * How long each grain is kept, in milliseconds: minutes for the shortest window and the current hour, hours for the middle window, days for
 * the longest.
 */
const KEEP = { minute: 2 * hour, hour: 2 * day, day: 35 * day } as const;

/** Rows per step. One statement must stay far below the second that other writers can wait. */
const FOLD_PAGE = 2_000;

/** The period that determines a provider's state. */
const RECENT_MS = 10 * minute;

export const WINDOWS = { '1h': hour, '24h': day, '30d': 30 * day } as const;
export type Window = keyof typeof WINDOWS;

/** The totals of a window and of all time (gauges included), the recent provider calls, and the open holds. */
export type Numbers = {
  readonly window: readonly Sum[];
  readonly allTime: readonly Sum[];
  readonly recent: readonly Sum[];
  readonly open: { readonly holds: number; readonly micros: number; readonly overdue: number };
};

export interface MetricsStore {
  /** Adds increments to the current minute. Throws when nothing was written; after an unclear response, increments may be counted twice. */
  add(increments: readonly Increment[]): Promise<void>;
  read(window: Window): Promise<Result<Numbers, Unreachable>>;
  /**
   * Moves at most `pages` pages of old minutes into hours and old hours into days, and deletes old days, until `isOver`. The next run takes
   * the rest.
   */
  fold(pages: number, isOver: () => boolean): Promise<Result<{ readonly moved: number; readonly isDone: boolean }, Unreachable>>;
}

export function createMetricsStore({ client, clock }: { readonly client: Database; readonly clock: Clock }): MetricsStore {
  return {
    async add(increments) {
      await client.batch([addToMinute(increments, clock())], 'write');
    },
    read: (window) => readNumbers(client, clock(), window),
    async fold(pages, isOver) {
      let moved = 0;
      for (let page = 0; page < pages && !isOver(); page += 1) {
        // Safe to repeat: moved rows are gone.
        const answer = await callDatabase(() => client.batch(foldStatements(clock()), 'write'), CALL_POLICY);
        if (!answer.ok) return answer;
        const deleted = answer.value.reduce((sum, set, index) => sum + (DELETES.includes(index) ? set.rowsAffected : 0), 0);
        moved += deleted;
        if (deleted === 0) return ok({ moved, isDone: true });
      }
      return ok({ moved, isDone: false });
    },
  };
}

function addToMinute(increments: readonly Increment[], now: number): InStatement {
  const rows = increments.map(({ name, labels, value }) => ({ name, labels: labelText(labels), value }));
  return {
    sql: `INSERT INTO metric (grain, bucket, name, labels, value)
          SELECT 'minute', j.value ->> 'bucket', j.value ->> 'name', j.value ->> 'labels', j.value ->> 'value' FROM json_each(?) j WHERE true
          ON CONFLICT (grain, bucket, name, labels) DO UPDATE SET value = value + excluded.value`,
    args: [JSON.stringify(rows.map((row) => ({ ...row, bucket: now - (now % minute) })))],
  };
}

/** Indexes of the deleting statements below. */
const DELETES = [2, 4, 5];

function foldStatements(now: number): InStatement[] {
  const cut = (keep: number, step: number) => now - keep - ((now - keep) % step);
  const page = `FROM metric WHERE grain = ? AND bucket < ? ORDER BY bucket, name, labels LIMIT ${FOLD_PAGE}`;
  const move = (from: string, before: number, to: string, bucket: string): InStatement => ({
    sql: `INSERT INTO metric (grain, bucket, name, labels, value)
          SELECT '${to}', ${bucket} AS target, name, labels, sum(value) FROM (SELECT * ${page}) WHERE true GROUP BY target, name, labels
          ON CONFLICT (grain, bucket, name, labels) DO UPDATE SET value = value + excluded.value`,
    args: [from, before],
  });
  const forget = (from: string, before: number): InStatement => ({
    sql: `DELETE FROM metric WHERE (grain, bucket, name, labels) IN (SELECT grain, bucket, name, labels ${page})`,
    args: [from, before],
  });
  const minutes = cut(KEEP.minute, hour);
  const hours = cut(KEEP.hour, day);
  return [
    move('minute', minutes, 'hour', `bucket - bucket % ${hour}`),
    move('minute', minutes, 'total', '0'),
    forget('minute', minutes),
    move('hour', hours, 'day', `bucket - bucket % ${day}`),
    forget('hour', hours),
    forget('day', cut(KEEP.day, day)),
  ];
}

const SumRows = z.array(
  z.object({
    name: z.string(),
    labels: z
      .string()
      .transform((text): unknown => JSON.parse(text))
      .pipe(z.record(z.string(), z.string())),
    value: z.int(),
  }),
);

const OpenRow = z.tuple([z.object({ holds: z.int(), micros: z.int(), overdue: z.int() })]);

const GRAIN = 'SELECT name, labels, value FROM metric WHERE grain =';

async function readNumbers(client: Database, now: number, window: Window): Promise<Result<Numbers, Unreachable>> {
  const from = now - WINDOWS[window];
  const statements: InStatement[] = [
    {
      // A window starts with the whole minute, hour or day that it reaches into.
      sql: `SELECT name, labels, sum(value) AS value
              FROM (${GRAIN} 'minute' AND bucket >= ? UNION ALL ${GRAIN} 'hour' AND bucket >= ? UNION ALL ${GRAIN} 'day' AND bucket >= ?)
             GROUP BY name, labels ORDER BY name, labels`,
      args: [from - (from % minute), from - (from % hour), from - (from % day)],
    },
    `SELECT name, labels, sum(value) AS value FROM (${GRAIN} 'total' UNION ALL ${GRAIN} 'minute') GROUP BY name, labels ORDER BY name, labels`,
    {
      sql: `SELECT name, labels, sum(value) AS value FROM metric
             WHERE grain = 'minute' AND bucket >= ? AND name IN ('provider_calls', 'provider_passed_over') GROUP BY name, labels`,
      args: [now - RECENT_MS],
    },
    {
      sql: `SELECT count(*) AS holds, coalesce(sum(h.amount_micros), 0) AS micros,
                   (SELECT count(*) FROM hold o WHERE o.state = 'open' AND o.expires_at <= ?) AS overdue
              FROM hold h INDEXED BY hold_open_account WHERE h.state = 'open'`,
      args: [now],
    },
  ];
  const answer = await callDatabase(() => client.batch(statements, 'read'), CALL_POLICY);
  if (!answer.ok) return answer;
  const [windowRows, allTime, recent, open] = answer.value.map((set) => set.rows);
  return ok({
    window: SumRows.parse(windowRows),
    allTime: SumRows.parse(allTime),
    recent: SumRows.parse(recent),
    open: OpenRow.parse(open)[0],
  });
}
