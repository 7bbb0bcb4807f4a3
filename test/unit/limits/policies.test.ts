import { describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { rateLimitFields } from '../../../src/http/limits/quota.ts';
import { openApiDocument } from '../../../src/http/openapi.ts';
import { policyFor } from '../../../src/endpoints.ts';
import { quotaOf, RATE_LIMIT_ROWS } from '../../../src/limits/policies.ts';

describe('the policy of a request', () => {
  test.each([
    ['GET', '/v1/post', 'burst'],
    ['HEAD', '/v1/reel', 'burst'],
    ['GET', '/v1/comments', 'burst'],
    ['GET', '/v1/me', 'account'],
    ['GET', '/v1/usage/req_1', 'account'],
    ['GET', '/v1/keys', 'account'],
    ['POST', '/v1/keys', 'changes'],
    ['DELETE', '/v1/keys/key_1', 'changes'],
    ['POST', '/v1/topups/checkout', 'changes'],
    ['GET', '/v1/topups', 'account'],
    ['POST', '/v1/signup', 'public'],
    ['GET', '/health', 'public'],
    ['GET', '/ready', 'public'],
    ['GET', '/docs/errors', 'public'],
    ['OPTIONS', '/v1/post', null],
    ['POST', '/v1/post', null],
    ['POST', '/v1/stripe/webhook', null],
    ['GET', '/v1/profile', null],
    ['GET', '/nothing', null],
    ['GET', '/v1/mexico', null],
  ] as const)('for %s %s is %s', (method, path, policy) => {
    expect(policyFor(method, path)).toBe(policy);
  });

  test('limits every operation of the API except signed ones', () => {
    const document = openApiDocument(
      createApp(() => {
        throw new Error('describing the API serves no request');
      }),
    );
    const unlimited = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
      (['get', 'post', 'put', 'patch', 'delete'] as const)
        .filter((method) => item?.[method] !== undefined && policyFor(method.toUpperCase(), path) === null)
        .map((method) => `${method} ${path}`),
    );
    expect(unlimited.filter((name) => !name.startsWith('post /v1/stripe/'))).toEqual([]);
  });

  test('has a name that is valid in a header, and a limit above zero', () => {
    for (const [name, row] of Object.entries(RATE_LIMIT_ROWS)) {
      expect(name).toMatch(/^[a-z-]+$/);
      expect(Number.isInteger(row.limit) && row.limit > 0 && Number.isInteger(row.windowSeconds) && row.windowSeconds > 0).toBe(true);
    }
  });

  test('allows the scaled number in the same window', () => {
    expect(quotaOf('burst', 1)).toEqual({ name: 'burst', limit: 60, windowSeconds: 60 });
    expect(quotaOf('burst', 1000)).toEqual({ name: 'burst', limit: 60_000, windowSeconds: 60 });
  });
});

describe('the header fields', () => {
  test('name each policy in quotes with whole numbers', () => {
    const burst = { quota: quotaOf('burst', 1), allowance: { allowed: true, limit: 60, remaining: 41, resetSeconds: 23 } };
    expect(rateLimitFields([burst])).toEqual({ policy: '"burst";q=60;w=60', state: '"burst";r=41;t=23' });
    const signup = { quota: quotaOf('signup', 1), allowance: { allowed: false, limit: 5, remaining: 0, resetSeconds: 3_000 } };
    expect(rateLimitFields([burst, signup])).toEqual({
      policy: '"burst";q=60;w=60, "signup";q=5;w=3600',
      state: '"burst";r=41;t=23, "signup";r=0;t=3000',
    });
  });
});
