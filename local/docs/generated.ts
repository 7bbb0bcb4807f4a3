import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApp } from '../../src/app.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { BOUNDARY_FAULTS } from '../boundary-faults.ts';
import { FAULTS } from '../faults.ts';
import { SAMPLE_POSTS } from '../samples/posts.ts';
import { configurationTable } from './configuration.ts';
import { jobTable, prometheusTable, secretTable, seriesTable } from './operations.ts';
import {
  endpointTable,
  errorsByCode,
  errorTable,
  limitationTable,
  priceTable,
  rateLimitTable,
  sandboxTable,
  targetRefusalTable,
} from './tables.ts';

/** Every generated document by its path from the project's root: whole files, and files with a generated block inside. */
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
    'docs/limitations.md': withBlocks(await text('docs/limitations.md'), { limitations: limitationTable() }),
    'docs/rate-limits.md': withBlocks(await text('docs/rate-limits.md'), { 'rate-limits': rateLimitTable() }),
    'docs/sandbox.md': withBlocks(await text('docs/sandbox.md'), { sandbox: sandboxTable() }),
    'docs/operations.md': withBlocks(await text('docs/operations.md'), {
      secrets: secretTable(await text('.dev.vars.example')),
      series: seriesTable(),
      prometheus: prometheusTable(),
      jobs: jobTable(),
    }),
    'README.md': withBlocks(await text('README.md'), {
      configuration,
      faults: faultTable(FAULTS),
      'boundary-faults': faultTable(BOUNDARY_FAULTS),
      samples: sampleTable(),
      prices: priceTable(),
      endpoints: endpointTable(),
    }),
  };
}

/** The description of the API, from the same routes that serve it. */
function apiDescription(): object {
  return openApiDocument(
    createApp(() => {
      throw new Error('describing the API serves no request');
    }),
  );
}

/** Replaces what stands between `<!-- generated:name -->` and `<!-- end:name -->`. Throws when a block is missing: a doc lost its table. */
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
  return ['| Shortcode | What then happens |', '| --- | --- |', ...rows].join('\n');
}

function sampleTable(): string {
  const rows = SAMPLE_POSTS.map((post) => {
    const traits = [post.likesHidden ? 'hidden likes' : '', post.caption === null ? 'no caption' : ''].filter((trait) => trait !== '');
    const caption = post.caption === null ? '' : (post.caption.split('\n')[0] ?? '').replaceAll('|', '\\|');
    return `| \`${post.shortcode}\` | ${[post.kind, ...traits].join(', ')} | ${caption} |`;
  });
  return ['| Shortcode | What it is | Its caption begins |', '| --- | --- | --- |', ...rows].join('\n');
}
