import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { leaksIn, type Place } from './canaries.ts';

/** No canary is longer: what lies across two pieces of a file is found in the overlap. Characters. */
const OVERLAP = 512;

/** Reads every file below a folder, whatever it holds, and tells what must not be in there, by file. */
export async function leaksInFolder(folder: string, place: Place): Promise<{ readonly files: number; readonly leaks: readonly string[] }> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const leaks = new Set<string>();
  for (const file of files) {
    let tail = '';
    // Each byte a character: text of any file can be searched so.
    for await (const piece of createReadStream(join(file.parentPath, file.name), { encoding: 'latin1' })) {
      const text = tail + String(piece);
      for (const leak of leaksIn(place, text)) leaks.add(`${leak} in ${file.name}`);
      tail = text.slice(-OVERLAP);
    }
  }
  return { files: files.length, leaks: [...leaks] };
}
