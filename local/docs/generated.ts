import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApp } from '../../src/app.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { BOUNDARY_FAULTS } from '../boundary-faults.ts';
import { FAULTS } from '../faults.ts';
import { SAMPLE_POSTS } from '../samples/posts.ts';
import { tokenTable } from './tokens.ts';
import { configurationTable } from './configuration.ts';
import { jobTable, prometheusTable, seriesTable } from './operations.ts';
import {
  endpointTable,
  errorsByCode,
  errorTable,
  limitationTable,
  minimumTable,
  priceTable,
  rateLimitTable,
  sandboxTable,
  targetRefusalTable,
} from './tables.ts';

/** Returns every generated document by its path from the repository's root: whole files, and files with generated blocks. */
export async function generatedDocs(root: string): Promise<Readonly<Record<string, string>>> {
  const text = (name: string) => readFile(join(root, name), 'utf8');
  const configuration = configurationTable(await text('wrangler.toml'), await text('.dev.vars.example'));
  return {
    'docs/openapi.json': `${JSON.stringify(apiDescription(), null, 2)}\n`,
    'docs/error-taxonomy.md': withBlocks(await text('docs/error-taxonomy.md'), {
      errors: errorTable(),
      'error-details': errorsByCode(),
      'target-refusals': targetRefusalTable(),
    }),
    'docs/concepts/limitations.md': withBlocks(await text('docs/concepts/limitations.md'), { limitations: limitationTable() }),
    'docs/concepts/reading.md': withBlocks(await text('docs/concepts/reading.md'), { tokens: await tokenTable() }),
    'docs/guides/sandbox.md': withBlocks(await text('docs/guides/sandbox.md'), { sandbox: sandboxTable() }),
    'docs/operating/metrics.md': withBlocks(await text('docs/operating/metrics.md'), {
      series: seriesTable(),
      prometheus: prometheusTable(),
    }),
    'docs/operating/runbook.md': withBlocks(await text('docs/operating/runbook.md'), { jobs: jobTable() }),
    'docs/reference/local-stack.md': withBlocks(await text('docs/reference/local-stack.md'), {
      samples: sampleTable(),
      faults: faultTable(FAULTS),
      'gateway-faults': faultTable(BOUNDARY_FAULTS),
    }),
    'docs/reference/endpoints.md': withBlocks(await text('docs/reference/endpoints.md'), { endpoints: endpointTable() }),
    'docs/reference/prices.md': withBlocks(await text('docs/reference/prices.md'), { prices: priceTable(), minimums: minimumTable() }),
    'docs/reference/rate-limits.md': withBlocks(await text('docs/reference/rate-limits.md'), { 'rate-limits': rateLimitTable() }),
    'docs/reference/settings.md': withBlocks(await text('docs/reference/settings.md'), { configuration }),
  };
}

/** Builds the OpenAPI description from the routes that serve the API. */
function apiDescription(): object {
  return openApiDocument(
    createApp(() => {
      throw new Error('describing the API serves no request');
    }),
  );
}

/** Replaces the text between `<!-- generated:name -->` and `<!-- end:name -->`. Throws when a block is missing, so that no document loses its table unnoticed. */
export function withBlocks(document: string, blocks: Readonly<Record<string, string>>): string {
  let result = document;
  for (const [name, content] of Object.entries(blocks)) {
    const [start, end] = [`<!-- generated:${name} -->`, `<!-- end:${name} -->`];
    const from = result.indexOf(start);
    const to = result.indexOf(end);
    if (from < 0 || to < from) throw new Error(`the block ${name} is missing`);
    result = `${result.slice(0, from + start.length)}\n\n${content}\n\n${result.slice(to)}`;
  }
  return result;
}

function faultTable(faults: Readonly<Record<string, { readonly meaning: string }>>): string {
  const rows = Object.entries(faults).map(([shortcode, { meaning }]) => `| \`${shortcode}\` | ${meaning} |`);
  return ['| Shortcode | Behavior |', '| --- | --- |', ...rows].join('\n');
}

function sampleTable(): string {
  const rows = SAMPLE_POSTS.map((post) => {
    const traits = [post.likesHidden ? 'hidden likes' : '', post.caption === null ? 'no caption' : ''].filter((trait) => trait !== '');
    const caption = post.caption === null ? '' : (post.caption.split('\n')[0] ?? '').replaceAll('|', '\\|');
    return `| \`${post.shortcode}\` | ${[post.kind, ...traits].join(', ')} | ${caption} |`;
  });
  return ['| Shortcode | Type | First line of the caption |', '| --- | --- | --- |', ...rows].join('\n');
}
