import { z } from 'zod';

/** The description that a schema gives of the field at a path; null where it has none. */
function describedAt(schema: z.core.$ZodType, steps: readonly string[]): string | null {
  if (schema instanceof z.ZodOptional) return describedAt(schema.unwrap(), steps);
  const [step, ...rest] = steps;
  if (step === undefined) return z.globalRegistry.get(schema)?.description ?? null;
  if (schema instanceof z.ZodNullable) return describedAt(schema.unwrap(), steps);
  if (schema instanceof z.ZodArray) return describedAt(schema.element, rest);
  if (!(schema instanceof z.ZodObject)) return null;
  // safe because the schemas of answers are classic ones
  const field = schema.shape[step] as z.ZodType | undefined;
  return field === undefined ? null : describedAt(field, rest);
}

/** Paths of limitations name an item by its index, or all of them. */
const everyItem = (path: string) => path.replaceAll(/\[\d+\]/g, '[]');

/**
 * The nulls in an answer's data that neither a limitation nor the description of their field explains. `schema` is that of `data`. A slide
 * is explained where the same picture in `media` is.
 */
export function unexplainedNulls(
  { data, limitations }: { readonly data: unknown; readonly limitations: readonly { readonly path: string }[] },
  schema: z.ZodType,
): readonly string[] {
  const explained = limitations.map(({ path }) => everyItem(path));
  const isExplained = (path: string) => {
    const same = [path, path.replace('data.children[]', 'data.media[]')];
    if (same.some((name) => explained.some((known) => name === known || name.startsWith(`${known}.`)))) return true;
    const steps = path
      .replace(/^data\./, '')
      .replaceAll('[]', '.*')
      .split('.');
    return /\bnull\b/i.test(describedAt(schema, steps) ?? '');
  };
  const found = new Set<string>();
  const walk = (value: unknown, path: string): void => {
    if (value === null) found.add(path);
    else if (Array.isArray(value)) for (const item of value) walk(item, `${path}[]`);
    else if (typeof value === 'object') for (const [name, field] of Object.entries(value)) walk(field, `${path}.${name}`);
  };
  walk(data, 'data');
  return [...found].filter((path) => !isExplained(path));
}
