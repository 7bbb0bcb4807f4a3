import { z } from 'zod';

/** The part of a schema that a list of fields leaves: every field of an object may be missing, at any depth. */
export function partOf(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional) return partOf(schema.unwrap());
  if (schema instanceof z.ZodNullable) return partOf(schema.unwrap()).nullable();
  if (schema instanceof z.ZodArray) return z.array(partOf(schema.element));
  if (!(schema instanceof z.ZodObject)) return schema as z.ZodType; // safe because the schemas of answers are classic ones
  return z.object(Object.fromEntries(Object.entries(schema.shape).map(([name, field]) => [name, partOf(field as z.ZodType).optional()])));
}

/** Every field of a schema by its path, `owner.username`; the items of a list have the path of the list. */
export function fieldsOf(schema: z.core.$ZodType, prefix = ''): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return fieldsOf(schema.unwrap(), prefix);
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element, prefix);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [path, ...fieldsOf(field as z.ZodType, path)];
  });
}

/** The fields to keep, by name; an empty branch keeps everything below it. */
type Branch = { readonly [name: string]: Branch };

/** Keeps these fields of a value of JSON and what is below them, in every item of a list. */
export function pickFields(value: unknown, fields: readonly string[]): unknown {
  return pick(value, branchOf(fields));
}

function branchOf(fields: readonly string[]): Branch {
  const whole = fields.filter((field) => !fields.some((other) => field.startsWith(`${other}.`)));
  const heads = new Set(whole.map((field) => field.split('.', 1).join()));
  return Object.fromEntries(
    [...heads].map((head) => [
      head,
      branchOf(whole.flatMap((field) => (field.startsWith(`${head}.`) ? [field.slice(head.length + 1)] : []))),
    ]),
  );
}

function pick(value: unknown, branch: Branch): unknown {
  if (Array.isArray(value)) return value.map((item) => pick(item, branch));
  if (typeof value !== 'object' || value === null || Object.keys(branch).length === 0) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
      const below = branch[name];
      return below === undefined ? [] : [[name, pick(field, below)]];
    }),
  );
}
