import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { leaksIn, type Place } from './canaries.ts';

/** At least the length of any canary, so that one across two chunks is found. */
const OVERLAP = 512;

/**
 * Searches every file below a folder for forbidden content, and returns it by file. Files that disappear meanwhile, such as journals of a
 * running database, are skipped.
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
  // latin1 maps each byte to one character, so any file can be searched.
  for await (const piece of createReadStream(file, { encoding: 'latin1' })) {
    const text = tail + String(piece);
    leaks.push(...leaksIn(place, text));
    tail = text.slice(-OVERLAP);
  }
  return leaks;
}
