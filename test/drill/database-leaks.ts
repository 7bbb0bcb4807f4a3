import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { leaksIn, type Place } from './canaries.ts';

/** No canary is longer: what lies across two pieces of a file is found in the overlap. Characters. */
const OVERLAP = 512;

/**
 * Reads every file below a folder, whatever it holds, and tells what must not be in there, by file. A file that is removed meanwhile, as
 * a running database does with its journals, isn't counted.
 */
export async function leaksInFolder(folder: string, place: Place): Promise<{ readonly files: number; readonly leaks: readonly string[] }> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const leaks = new Set<string>();
  let read = 0;
  for (const file of files) {
    try {
      for (const leak of await leaksInFile(join(file.parentPath, file.name), place)) leaks.add(`${leak} in ${file.name}`);
      read += 1;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return { files: read, leaks: [...leaks] };
}

async function leaksInFile(file: string, place: Place): Promise<readonly string[]> {
  const leaks: string[] = [];
  let tail = '';
  // Each byte a character: text of any file can be searched so.
  for await (const piece of createReadStream(file, { encoding: 'latin1' })) {
    const text = tail + String(piece);
    leaks.push(...leaksIn(place, text));
    tail = text.slice(-OVERLAP);
  }
  return leaks;
}
