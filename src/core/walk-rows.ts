/** What became of one row. `failed`: this row alone is at fault. `down`: something that every row needs does not answer. */
export type RowOutcome = 'done' | 'failed' | 'down';

/** How far a walk came. `left`: the rows that were not tried. */
export type Walked<Row> = { readonly done: number; readonly failed: number; readonly left: readonly Row[]; readonly isDown: boolean };

/** After so many rows in a row that could not be tried for want of an answer, the next would only wait in vain as well. */
const MAX_DOWN_IN_A_ROW = 3;

/**
 * Handles rows one after the other until `isOver`. A row whose handler throws has failed and does not stop the rest; `isDown` says that the
 * walk stopped because the last rows were all `down`. `failed` counts these too.
 */
export async function walkRows<Row>(
  rows: readonly Row[],
  handle: (row: Row) => Promise<RowOutcome>,
  isOver: () => boolean,
): Promise<Walked<Row>> {
  let [done, failed, downInARow] = [0, 0, 0];
  for (const row of rows) {
    if (isOver()) break;
    const outcome = await outcomeOf(() => handle(row));
    if (outcome === 'done') done += 1;
    else failed += 1;
    downInARow = outcome === 'down' ? downInARow + 1 : 0;
    if (downInARow === MAX_DOWN_IN_A_ROW) break;
  }
  return { done, failed, left: rows.slice(done + failed), isDown: downInARow === MAX_DOWN_IN_A_ROW };
}

async function outcomeOf(handle: () => Promise<RowOutcome>): Promise<RowOutcome> {
  try {
    return await handle();
  } catch {
    return 'failed';
  }
}
