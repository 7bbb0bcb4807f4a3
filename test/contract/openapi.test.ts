import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatedDocs } from '../../local/docs/generated.ts';
import { createApp } from '../../src/app.ts';
import { ERROR_ROWS, type ErrorCode } from '../../src/errors.ts';
import { InstagramMedia } from '../../src/instagram/media.ts';
import { exampleMedia } from '../../src/instagram/media-example.ts';
import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';

const root = join(import.meta.dirname, '..', '..');
const app = createApp(() => {
  throw new Error('a contract test serves no request');
});

type Media = { schema?: unknown; example?: unknown; examples?: Record<string, { value: { error?: { code: ErrorCode } } }> };
type Response = { description: string; content?: Record<string, Media> };
type Operation = { operationId?: string; summary?: string; tags?: string[]; responses: Record<string, Response>; security?: unknown[] };
type Document = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { example?: unknown }> };
};

// safe because redocly has validated the same document against the OpenAPI 3.1 schema
const document = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8')) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
);

/** Answered outside any operation: where nothing, or nothing yet, or another method is. */
const OUTSIDE_OPERATIONS: readonly ErrorCode[] = ['not_found', 'method_not_allowed', 'endpoint_deferred'];

/** Pages, and the description itself. */
const NOT_DESCRIBED = ['GET /', 'GET /docs', 'GET /docs/errors', 'GET /openapi.json', 'GET /topups/return'];

describe('the API description', () => {
  test('is what the routes say, as are all generated documents', async () => {
    for (const [name, content] of Object.entries(await generatedDocs(root))) {
      expect(readFileSync(join(root, name), 'utf8') === content, `${name} is out of date: run npm run docs`).toBe(true);
    }
    expect(document.openapi).toBe('3.1.0');
  });

  test('describes every route but the pages', () => {
    const served = app.routes
      .filter((route) => ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'].includes(route.method) && !route.path.includes('*'))
      .map((route) => `${route.method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect([...new Set(served)].sort()).toEqual([...operations.map(({ name }) => name), ...NOT_DESCRIBED].sort());
  });

  for (const { name, operation } of operations) {
    test(`names, tags and exemplifies ${name}, its success and each of its errors`, () => {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary).not.toBe('');
      expect(operation.tags).toHaveLength(1);
      expect(operation.security).toBeDefined();
      for (const [status, response] of Object.entries(operation.responses)) {
        for (const media of Object.values(response.content ?? {})) {
          const reference = (media.schema as { $ref?: string }).$ref?.split('/').at(-1) ?? '';
          const has = media.example ?? media.examples ?? document.components.schemas[reference]?.example;
          expect(has, `${name} ${status} has no example`).toBeDefined();
          for (const [code, { value }] of Object.entries(media.examples ?? {})) {
            expect(value.error?.code).toBe(code);
            expect(ERROR_ROWS[value.error?.code ?? 'internal'].status, code).toBe(Number(status));
          }
        }
      }
    });
  }

  test('declares every code that is not reserved, and none that is', () => {
    const declared = new Set<string>(OUTSIDE_OPERATIONS);
    for (const { operation } of operations) {
      for (const response of Object.values(operation.responses)) {
        for (const media of Object.values(response.content ?? {})) Object.keys(media.examples ?? {}).forEach((code) => declared.add(code));
      }
    }
    const raised = Object.entries(ERROR_ROWS).filter(([, row]) => row.reserved !== true);
    expect([...declared].sort()).toEqual(raised.map(([code]) => code).sort());
  });

  test('shows an example post that is one', () => {
    expect(InstagramMedia.parse(exampleMedia)).toEqual(exampleMedia);
    expect(exampleMedia.id).toBe(mediaIdFromShortcode(exampleMedia.shortcode));
  });
});

describe('the error taxonomy', () => {
  const taxonomy = readFileSync(join(root, 'docs/error-taxonomy.md'), 'utf8');

  for (const [code, row] of Object.entries(ERROR_ROWS)) {
    test(`documents ${code} with its status, what the caller does and what the operator does`, () => {
      expect(taxonomy).toContain(`| [\`${code}\`](#${code}) | ${row.status} | ${row.billed ? 'yes' : 'no'} |`);
      expect(taxonomy).toContain(`### ${code}\n`);
      expect(taxonomy).toContain(row.callerAction);
      expect(taxonomy).toContain(row.operatorAction);
    });
  }

  test('bills no error', () => {
    expect(Object.values(ERROR_ROWS).every((row) => !row.billed)).toBe(true);
  });
});
