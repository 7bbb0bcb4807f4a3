import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Linux counts a process's time in hundredths of a second on every platform that Node runs on (USER_HZ, man 7 time). */
const TICKS_PER_SECOND = 100;

const KILOBYTE = 1_024;

/** Processor time that a process has taken with all its threads, seconds. Null where the system doesn't tell (anything but Linux). */
export function cpuSeconds(pid: number): number | null {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the name in brackets and may hold spaces; utime and stime are the 14th and 15th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** What a process holds in memory now, and the most since `forgetPeak`; bytes. Null where the system doesn't tell. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } | null {
  const text = readProc(`/proc/${pid}/status`);
  if (text === null) return null;
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * KILOBYTE;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** Starts the peak of `memoryOf` anew (man 5 proc, clear_refs). */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not this system: then the peak is the one since the process began.
  }
}

/** The processes that this one has started and whose program is called `name`. None where the system doesn't tell. */
export function childrenCalled(name: string): readonly number[] {
  return processIds().filter((pid) => {
    const stat = readProc(`/proc/${pid}/stat`);
    if (stat === null) return false;
    const end = stat.lastIndexOf(')');
    return stat.slice(stat.indexOf('(') + 1, end) === name && Number(stat.slice(end + 2).split(' ')[1]) === process.pid;
  });
}

function processIds(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function readProc(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
