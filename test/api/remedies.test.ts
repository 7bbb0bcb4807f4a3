import { describe, expect, test } from 'vitest';
import { ERROR_ROWS } from '../../src/errors.ts';
import { errorOf } from '../support/answers.ts';
import { useApi } from '../support/api.ts';

const start = useApi();

describe('an error', () => {
  test.each([
    ['/v1/post?url=NotThere111', 'post_not_found'],
    ['/v1/post?url=https://example.com/', 'unsupported_url'],
    ['/v1/post?url=DemoImage01&maxCostMicroCredits=1', 'price_above_max'],
    ['/v1/post?url=DemoVideo01&onlyIfCached=true', 'cache_miss'],
    ['/v1/nothing', 'not_found'],
  ] as const)('carries its remedy, and no time to wait where waiting does not help: %s', async (path, code) => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request(path, { key });
    expect(errorOf(answer)).toMatchObject({ code, retryable: false, remedy: ERROR_ROWS[code].callerAction });
    expect(errorOf(answer)).not.toHaveProperty('retryAfterSeconds');
    expect(answer.headers.has('Retry-After')).toBe(false);
  });

  test.each([
    ['/v1/post?url=Fault500___', 'provider_unavailable'],
    ['/v1/post?url=Fault429___', 'provider_busy'],
  ] as const)('that may pass says when to come back, in the body and in Retry-After: %s', async (path, code) => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request(path, { key });
    const error = errorOf(answer);
    expect(error).toMatchObject({ code, retryable: true, remedy: ERROR_ROWS[code].callerAction });
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
    expect(answer.headers.get('Retry-After')).toBe(String(error.retryAfterSeconds));
  });

  test('says the same in Markdown and as a problem', async () => {
    const api = start();
    const { key } = await api.signUp();
    const path = '/v1/post?url=NotThere111';
    const remedy = ERROR_ROWS.post_not_found.callerAction;
    const markdown = await api.request(path, { key, headers: { Accept: 'text/markdown' } });
    expect(markdown.body).toContain(remedy);
    const problem = await api.request(path, { key, headers: { Accept: 'application/problem+json' } });
    expect(JSON.parse(String(problem.body))).toMatchObject({ remedy });
  });
});
