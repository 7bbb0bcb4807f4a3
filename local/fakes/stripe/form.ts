/** A form value: a text, or the fields in brackets after a name. */
export type FormValue = string | FormFields;
export type FormFields = { [name: string]: FormValue };

/** Parses `a[b][0][c]=text` like Stripe: brackets nest, and list positions are ordinary names. */
export function parseForm(text: string): FormFields {
  const fields: FormFields = Object.create(null) as FormFields; // safe because an object without a prototype has no members of another type
  for (const [path, value] of new URLSearchParams(text))
    place(
      fields,
      path.split(/\]?\[|\]$/).filter((name, index) => index === 0 || name !== ''),
      value,
    );
  return fields;
}

export function textAt(fields: FormFields, ...path: readonly string[]): string | undefined {
  let value: FormValue | undefined = fields;
  for (const name of path) value = typeof value === 'object' ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** Returns the texts below a path, such as metadata. */
export function textsAt(fields: FormFields, ...path: readonly string[]): Record<string, string> {
  let value: FormValue | undefined = fields;
  for (const name of path) value = typeof value === 'object' ? value[name] : undefined;
  if (typeof value !== 'object') return {};
  return Object.fromEntries(Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])));
}

function place(fields: FormFields, path: readonly string[], value: string): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    fields[name] = value;
    return;
  }
  const inner = fields[name];
  const below: FormFields = typeof inner === 'object' ? inner : {};
  fields[name] = below;
  place(below, rest, value);
}
