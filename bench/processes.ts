import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Linux reports processor time in hundredths of a second on every platform of Node (USER_HZ, man 7 time). */
const TICKS_PER_SECOND = 100;

const KILOBYTE = 1_024;

/** Returns a process's processor time with all its threads, in seconds. Null on systems other than Linux. */
export function cpuSeconds(pid: number): number | null {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the name in brackets and may contain spaces; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Returns a process's memory now and its peak since `forgetPeak`, in bytes. Null where the system does not report it. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } | null {
  const text = readProc(`/proc/${pid}/status`);
  if (text === null) return null;
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * KILOBYTE;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** Resets the peak of `memoryOf` (man 5 proc, clear_refs). */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not supported: the peak is then since the process started.
  }
}

/** Returns this process's children with a program name; empty where the system does not report it. */
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
