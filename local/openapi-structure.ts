import { readFile } from 'node:fs/promises';
import { isJsonObject } from '../src/core/json.ts';

// `node local/openapi-structure.ts OLD NEW` prints what differs between two OpenAPI documents besides the texts that people read.

const TEXTS = new Set(['summary', 'description', 'title']);

/** Compares two OpenAPI documents with their texts removed. Returns one line for each difference; none where only texts differ. */
export function structuralDifferences(before: unknown, after: unknown): readonly string[] {
  return differences(structureOf(before), structureOf(after), '');
}

/**
 * Removes the texts: summaries, descriptions and titles, and messages within examples. A property that happens to be called `title`
 * stays, because its value is a schema, not a text. What has no order is sorted.
 */
function structureOf(value: unknown, isExample = false): unknown {
  if (Array.isArray(value)) return value.map((item) => structureOf(item, isExample));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([name, child]) => typeof child !== 'string' || !(TEXTS.has(name) || (isExample && name === 'message')),
  );
  return Object.fromEntries(kept.map(([name, child]) => [name, sorted(name, structureOf(child, isExample || /^examples?$/.test(name)))]));
}

function sorted(name: string, value: unknown): unknown {
  if (!Array.isArray(value) || (name !== 'required' && name !== 'parameters')) return value;
  return value.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function orderOf(item: unknown): string {
  return isJsonObject(item) ? `${String(item['in'])} ${String(item['name'])}` : String(item);
}

function differences(before: unknown, after: unknown, at: string): readonly string[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
      differences(before[name], after[name], `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => differences(item, after[index], `${at}/${index}`));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before === undefined) return [`added ${at}: ${shown(after)}`];
  if (after === undefined) return [`removed ${at}: ${shown(before)}`];
  return [`changed ${at}: ${shown(before)} → ${shown(after)}`];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

if (import.meta.main) {
  const [before, after] = process.argv.slice(2);
  if (before === undefined || after === undefined) {
    console.error('Usage: node local/openapi-structure.ts OLD NEW');
    process.exitCode = 2;
  } else {
    const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));
    const found = structuralDifferences(await read(before), await read(after));
    for (const line of found) console.log(line);
    console.log(found.length === 0 ? 'Only texts differ, if anything.' : `${found.length} structural differences.`);
    if (found.length > 0) process.exitCode = 1;
  }
}
