/** A value of JSON that is not an object or a list. */
type Scalar = string | number | boolean | null;

/** The front matter of a document: names and plain values, without those that are not there. */
export function frontMatter(values: Readonly<Record<string, Scalar | undefined>>): string {
  const lines = Object.entries(values).flatMap(([name, value]) => (value == null ? [] : [`${name}: ${yaml(value)}`]));
  return ['---', ...lines, '---'].join('\n');
}

/** Writes a value of JSON as Markdown: objects as lists, lists of flat objects as tables. */
export function outline(value: unknown, indent = ''): string {
  if (isScalar(value)) return `${indent}${said(value)}`;
  if (Array.isArray(value)) return listOf(value, indent);
  return Object.entries(Object(value))
    .map(([name, field]: [string, unknown]) => {
      if (isScalar(field)) return `${indent}- ${name}: ${said(field)}`;
      if (Array.isArray(field) && field.every(isScalar)) return `${indent}- ${name}: ${field.map(said).join(', ')}`;
      return `${indent}- ${name}:\n${outline(field, `${indent}  `)}`;
    })
    .join('\n');
}

function listOf(items: readonly unknown[], indent: string): string {
  const rows = items.filter(isFlat);
  if (rows.length === items.length && items.length > 0) return table(rows, indent);
  return items.map((item, index) => `${indent}${index + 1}.\n${outline(item, `${indent}   `)}`).join('\n');
}

function table(rows: readonly Readonly<Record<string, Scalar>>[], indent: string): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly string[]) => `${indent}| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(names), line(names.map(() => '---')), ...rows.map((row) => line(names.map((name) => said(row[name] ?? null))))].join('\n');
}

function isFlat(value: unknown): value is Readonly<Record<string, Scalar>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isScalar);
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function said(value: Scalar): string {
  return value === null ? '' : String(value).replace(/\s*[\r\n]+\s*/g, ' ');
}

/** A JSON text is a YAML text. */
function yaml(value: Exclude<Scalar, null>): string {
  return typeof value === 'string' && !/^(?!.*: )[A-Za-z_][\w.,:/ -]*(?<![ :])$/.test(value) ? JSON.stringify(value) : String(value);
}
