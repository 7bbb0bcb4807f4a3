import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { err, ok, type Result } from '../src/core/result.ts';
import { SHORTCODE } from '../src/instagram/shortcode.ts';

const RecordingMap = z.record(z.string(), z.string().regex(SHORTCODE));

/** Maps files, relative to their folder with `/` as separator, to the shortcodes under which they are served. */
export type RecordingMap = z.infer<typeof RecordingMap>;

/** Reads a map of recordings. Fails with one sentence. */
export function readRecordingMap(file: string): Result<RecordingMap, string> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    if (cause instanceof SyntaxError) return err(`The map ${file} is not JSON.`);
    return err(`The map ${file} cannot be read (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason'}).`);
  }
  const map = RecordingMap.safeParse(value);
  return map.success ? ok(map.data) : err(`The map ${file} must be an object of the form { "file.json": "SHORTCODE" }.`);
}
