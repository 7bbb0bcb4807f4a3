import { Settings } from '../../src/env.ts';

type Row = { readonly name: string; readonly value: string; readonly meaning: string };

/**
 * Renders every setting: variables with their values and comments from wrangler.toml, secrets from .dev.vars.example.
 * Throws when these files and the settings in src/env.ts disagree.
 */
export function configurationTable(wranglerToml: string, devVarsExample: string): string {
  const variables = rowsOf(section(wranglerToml, '[vars]'), /^([A-Z0-9_]+) = "(.*)"$/);
  const secrets = secretsOf(devVarsExample);
  const listed = [...variables, ...secrets].map((row) => row.name).sort();
  const known = Object.keys(Settings.shape).sort();
  if (listed.join() !== known.join()) {
    const different = [...listed.filter((name) => !known.includes(name)), ...known.filter((name) => !listed.includes(name))];
    throw new Error(`wrangler.toml, .dev.vars.example and src/env.ts disagree about ${different.join(', ')}`);
  }
  return [
    '| Setting | Kind | Value in wrangler.toml | Meaning |',
    '| --- | --- | --- | --- |',
    ...variables.map((row) => `| \`${row.name}\` | variable | \`${row.value}\` | ${row.meaning} |`),
    ...secrets.map((row) => `| \`${row.name}\` | secret | | ${row.meaning} |`),
  ].join('\n');
}

/** Lists the secrets of .dev.vars.example, each with the comment above it. */
export function secretsOf(devVarsExample: string): readonly Row[] {
  return rowsOf(devVarsExample, /^([A-Z0-9_]+)=(.*)$/);
}

function section(toml: string, header: string): string {
  const from = toml.indexOf(`\n${header}\n`);
  const rest = toml.slice(from + header.length + 2);
  return rest.slice(0, rest.search(/^\[/m));
}

/** Reads settings with the comment above each; one comment may cover several settings that follow it. */
function rowsOf(text: string, setting: RegExp): Row[] {
  const rows: Row[] = [];
  let comment: string[] = [];
  let isAfterSetting = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) {
      if (isAfterSetting) comment = [];
      comment.push(line.replace(/^#\s*/, ''));
      isAfterSetting = false;
    } else if (line.trim() === '') {
      comment = [];
    } else {
      const [, name, value] = setting.exec(line) ?? [];
      if (name !== undefined && value !== undefined) rows.push({ name, value, meaning: comment.join(' ').replaceAll('|', '\\|') });
      isAfterSetting = true;
    }
  }
  return rows;
}
