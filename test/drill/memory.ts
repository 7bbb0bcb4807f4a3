import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What this process holds after everything that can be forgotten is. Bytes. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The resident memory of a group of processes, as Linux counts it. Bytes; 0 where there is no /proc. */
export function groupBytes(group: number): number {
  let bytes = 0;
  for (const entry of entriesOf('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = textOf(`/proc/${entry}/stat`);
    // The name in parentheses may hold blanks; after it come state, parent and group.
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group) continue;
    bytes += Number(/VmRSS:\s+(\d+)/.exec(textOf(`/proc/${entry}/status`))?.[1] ?? 0) * 1_024;
  }
  return bytes;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A process that has ended has no text. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
