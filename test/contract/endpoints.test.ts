import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { AVAILABLE_PATHS, ENDPOINT_ROWS, PAID_PATHS, PLANNED_PATHS, policyFor, scopeOf, SERVICE_PATHS } from '../../src/endpoints.ts';

const app = createApp(() => {
  throw new Error('a contract test serves no request');
});
const rows = Object.entries(ENDPOINT_ROWS);

type Operation = { operationId: string; summary: string; tags: string[]; security: unknown[] };
// safe because redocly has validated the same document against the OpenAPI 3.1 schema
const { paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as { paths: Record<string, Record<string, Operation>> };

describe('the table of endpoints', () => {
  test('has a row for each registered route, and each row is registered', () => {
    const middleware = app.routes.filter(({ method, path }) => path.includes('*') || (method === 'ALL' && !PLANNED_PATHS.includes(path)));
    const served = app.routes
      .filter((route) => !middleware.includes(route))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect([...new Set(served)].sort()).toEqual(rows.map(([, { method, path }]) => `${method.toUpperCase()} ${path}`).sort());
  });

  test.each(rows.filter(([, { tag }]) => tag !== null))('is what the API description says of %s', (id, row) => {
    const { operationId, summary, tags, security } = paths[row.path]?.[row.method] ?? {};
    expect({ operationId, summary, tags }).toEqual({ operationId: id, summary: row.summary, tags: [row.tag] });
    expect(security).toEqual(row.access === 'anyone' || row.access === 'stripe' ? [] : [{ apiKey: [] }]);
  });

  test('counts every registered route, unless its row says why not', () => {
    const explained = rows.filter(([, { rate, uncounted }]) => rate === null && uncounted !== undefined);
    expect(explained.map(([id]) => id)).toEqual(['receiveStripeEvent', 'profile', 'search']);
    for (const [id, { method, path, rate, uncounted }] of rows) {
      expect(policyFor(method.toUpperCase(), path), path).toBe(rate);
      expect((rate === null) === (uncounted !== undefined), id).toBe(true);
    }
    const free = explained.map(([, { path }]) => path);
    const registered = app.routes
      .filter(({ method, path }) => !path.includes('*') && ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method))
      .map(({ method, path }) => ({ method, path: path.replaceAll(/:(\w+)/g, '{$1}') }));
    const uncounted = registered.filter(({ method, path }) => policyFor(method, path) === null).map(({ path }) => path);
    expect(uncounted.filter((path) => !free.includes(path))).toEqual([]);
  });

  test('derives what is paid, planned, available and in need of settings', () => {
    expect(PAID_PATHS).toEqual(['/v1/post', '/v1/reel', '/v1/comments']);
    expect(PAID_PATHS.map(scopeOf)).toEqual(['read:post', 'read:reel', 'read:comments']);
    expect(scopeOf('/v1/me')).toBe('read');
    expect(PLANNED_PATHS).toEqual(['/v1/profile', '/v1/search']);
    expect(AVAILABLE_PATHS).toEqual([
      '/v1/post',
      '/v1/reel',
      '/v1/comments',
      '/v1/me',
      '/v1/keys',
      '/v1/usage',
      '/v1/ledger',
      '/v1/pricing',
      '/v1/signup',
    ]);
    expect(SERVICE_PATHS).not.toContain('/health');
    expect(SERVICE_PATHS).toEqual(expect.arrayContaining(['/v1/post', '/v1/signup', '/topups/return', '/v1/stripe/webhook']));
  });
});
