import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { estimatedTokens } from '../../src/core/text.ts';
import { errorOf } from '../support/answers.ts';
import { useApi } from '../support/api.ts';

const start = useApi();

const MARKDOWN = { Accept: 'text/markdown' };
const PROBLEM = { Accept: 'application/problem+json' };

const textOf = ({ body }: { readonly body: unknown }) => z.string().parse(body);

/** The words between the marks of an answer, and everything around them. */
function parts(text: string): { readonly inside: string; readonly outside: string; readonly nonce: string } {
  const [, before = '', nonce = '', inside = '', after = ''] = /^([^]*)<<<([0-9a-f]{16})\n([^]*)\n\2>>>([^]*)$/.exec(text) ?? [];
  return { inside, outside: before + after, nonce };
}

describe('Markdown', () => {
  test('shows a post with what it cost, and fences the words of strangers', async () => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request('/v1/post?url=DemoImage01', { key, headers: MARKDOWN });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('text/markdown; charset=utf-8');
    expect(answer.headers.get('Vary')).toContain('Accept');
    expect(answer.headers.get('X-Credits-Used')).toBe('3000');
    expect(Number(answer.headers.get('X-Markdown-Tokens'))).toBe(estimatedTokens(textOf(answer)));
    const { inside, outside, nonce } = parts(textOf(answer));
    expect(inside).toContain('First light on the workshop window.');
    expect(inside).toMatch(/^Author: @/);
    expect(outside).toMatch(/^---\nurl: https:\/\/www\.instagram\.com\/p\/DemoImage01\/\ntype: image\n/);
    expect(outside).toContain('settledMicroCredits: 3000\n');
    expect(outside).toContain('- data.media: no_image_understanding, not_enabled');
    expect(outside).not.toContain('First light');
    expect(inside).not.toContain(nonce);
  });

  test('shows comments with their replies, a transcript and an interpretation inside the fence', async () => {
    const api = start();
    const { key } = await api.signUp();
    const thread = await api.request('/v1/comments?url=DemoThread1&limit=20&includeReplies=true&parse=themes', { key, headers: MARKDOWN });
    const words = parts(textOf(thread));
    expect(words.inside.match(/^@\S+ \d{6} \d+(?:\/\d+)?: /gm)).toHaveLength(20);
    expect(words.inside).toMatch(/^ {2}@\S+ \d{6} \d+: /m);
    expect(words.inside).toContain('Interpretation (themes):');
    expect(words.outside).toContain('nextCursor: ');
    const reel = await api.request('/v1/reel?url=DemoSpeech1&transcript=true', { key, headers: MARKDOWN });
    expect(parts(textOf(reel)).inside).toContain('Transcript:\n');
  });

  test('costs what JSON costs, from the same cache entry', async () => {
    const api = start();
    const { key } = await api.signUp();
    await api.request('/v1/post?url=DemoImage01', { key });
    const cached = await api.request('/v1/post?url=DemoImage01', { key, headers: MARKDOWN });
    expect(cached.headers.get('X-Credits-Used')).toBe('1000');
    expect(cached.headers.get('Cache-Status')).toContain('igskill; hit');
  });

  test('comes back under an Idempotency-Key, which belongs to the format', async () => {
    const api = start();
    const { key } = await api.signUp();
    const headers = { ...MARKDOWN, 'Idempotency-Key': 'in-markdown' };
    const first = await api.request('/v1/post?url=DemoImage01', { key, headers });
    const again = await api.request('/v1/post?url=DemoImage01', { key, headers });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(textOf(again)).toBe(textOf(first));
    const json = await api.request('/v1/post?url=DemoImage01', { key, headers: { 'Idempotency-Key': 'in-markdown' } });
    expect(errorOf(json).code).toBe('idempotency_mismatch');
  });

  test('shows single fields, a quote, the prices, the usage and an error', async () => {
    const api = start();
    const { key } = await api.signUp();
    const get = async (path: string) => textOf(await api.request(path, { key, headers: MARKDOWN }));
    expect(parts(await get('/v1/post?url=DemoImage01&fields=caption,owner.username')).inside).toMatch(
      /^- caption: First light.*\n- owner:\n {2}- username: /,
    );
    expect(await get('/v1/post?url=DemoImage01&dryRun=true')).toContain('| item | maximumMicroCredits | expectedMicroCredits |');
    expect(await get('/v1/pricing')).toMatch(/\| media \|.*3000/);
    expect(await get('/v1/usage')).toMatch(/\| requestId \|.*\n.*\n.*\| \/v1\/post \| DemoImage01 \|/);
    const error = await get('/v1/post?url=https://example.com/p/DemoImage01/');
    expect(error).toMatch(/^---\ncode: unsupported_url\n/);
    expect(error).toContain('billed: false');
  });

  test.each([
    ['application/json', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'application/json'],
    ['application/json, text/markdown', 'application/json'],
    ['text/markdown;q=0.5, application/json', 'application/json'],
    ['text/markdown, application/json;q=0.9', 'text/markdown; charset=utf-8'],
    ['application/problem+json, application/json', 'application/json'],
    ['nonsense', 'application/json'],
  ])('is sent only where Accept prefers it: %s', async (accept, type) => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request('/v1/post?url=DemoImage01', { key, headers: { Accept: accept } });
    expect(answer.headers.get('Content-Type')).toBe(type);
  });
});

describe('a problem of RFC 9457', () => {
  test('says what the error says', async () => {
    const api = start();
    const { key } = await api.signUp();
    const path = '/v1/post?url=NotThere111';
    const error = errorOf(await api.request(path, { key }));
    const problem = await api.request(path, { key, headers: PROBLEM });
    expect(problem.status).toBe(404);
    expect(problem.headers.get('Content-Type')).toBe('application/problem+json');
    const body = z.looseObject({ requestId: z.string() }).parse(JSON.parse(textOf(problem)));
    expect(body).toMatchObject({
      type: error.docUrl,
      title: 'post not found',
      status: 404,
      detail: error.message,
      code: 'post_not_found',
      retryable: false,
      billed: false,
    });
    expect(body.requestId).not.toBe(error.requestId);
  });

  test('also for a path that does not exist, and without a key', async () => {
    const api = start();
    for (const path of ['/nothing', '/v1/me']) {
      const answer = await api.request(path, { headers: PROBLEM });
      expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
      expect(JSON.parse(textOf(answer))).toMatchObject({ status: answer.status, type: expect.stringContaining('/docs/errors#') });
    }
  });
});
