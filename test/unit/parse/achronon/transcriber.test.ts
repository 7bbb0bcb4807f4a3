import { describe, expect, test } from 'vitest';
import { MAX_TRANSCRIPT_CHARACTERS } from '../../../../src/parse/achronon/client.ts';
import { createTranscriber } from '../../../../src/parse/achronon/transcriber.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { answering, budget, silent, unreachable } from '../../providers/answers.ts';
import { access, sentText } from '../requests.ts';

const request = {
  mediaId: '4010069031083175221',
  shortcode: 'DemoReel_01',
  mediaUrl: 'https://scontent.cdninstagram.com/v/example.mp4?oe=6A8475D0',
  durationSeconds: 21.4,
} as const;

const good = {
  text: 'We fold the corners first.',
  language: 'en',
  segments: [
    { startSeconds: 0, endSeconds: 2, text: 'We fold' },
    { startSeconds: 2, endSeconds: 4, text: 'the corners first.' },
  ],
  model: 'some-model',
};

function transcriber(fetch: Fetch, others: Parameters<typeof access>[1] = {}) {
  return createTranscriber({ ...access(fetch, { path: '/claudex/transcribe', ...others }), maxDurationSeconds: 180 });
}

describe('a transcription', () => {
  test('sends URL, identity, model, task and limit, and returns text, language, segments and model', async () => {
    const { fetch, sent } = answering(200, { ...good, confidence: 0.9 });
    expect(await transcriber(fetch).transcribe(request, 'hold_1', budget)).toEqual({ ok: true, value: good });
    expect(sent[0]?.url).toBe('https://boundary.example/sandboxes/abc/claudex/transcribe');
    expect(JSON.parse(sentText(sent[0]?.init))).toEqual({
      task: 'transcribe',
      model: 'auto',
      media: { mediaId: '4010069031083175221', shortcode: 'DemoReel_01' },
      mediaUrl: 'https://scontent.cdninstagram.com/v/example.mp4?oe=6A8475D0',
      durationSeconds: 21.4,
      maxDurationSeconds: 180,
    });
  });

  test.each(['https://boundary.example/sandboxes/abc', 'https://boundary.example/sandboxes/abc/', 'https://boundary.example/a/b/c'])(
    'keeps the whole path of %s',
    async (endpoint) => {
      const { fetch, sent } = answering(200, good);
      await transcriber(fetch, { endpoint, path: '/claudex/transcribe' }).transcribe(request, 'key', budget);
      expect(sent[0]?.url).toBe(`${endpoint.replace(/\/$/, '')}/claudex/transcribe`);
    },
  );

  test('passes the older model name through unchanged', async () => {
    const { fetch, sent } = answering(200, good);
    const hinted = transcriber(fetch, { model: 'gpt-4o-mini-transcribe' });
    await hinted.transcribe(request, 'key', budget);
    expect(hinted.model).toBe('gpt-4o-mini-transcribe');
    expect(JSON.parse(sentText(sent[0]?.init))).toMatchObject({ model: 'gpt-4o-mini-transcribe' });
  });

  test('treats missing language and segments as unknown', async () => {
    const { fetch } = answering(200, { text: 'Words.', model: 'm' });
    expect(await transcriber(fetch).transcribe(request, 'key', budget)).toEqual({
      ok: true,
      value: { text: 'Words.', language: null, segments: null, model: 'm' },
    });
  });

  test('refuses a video known to be too long without a call, and sends one that may be short enough', async () => {
    const { fetch, sent } = answering(200, good);
    expect(await transcriber(fetch).transcribe({ ...request, durationSeconds: 180.1 }, 'key', budget)).toEqual({
      ok: false,
      error: { kind: 'too_long' },
    });
    expect(sent).toEqual([]);
    for (const durationSeconds of [180, null, 0]) await transcriber(fetch).transcribe({ ...request, durationSeconds }, 'key', budget);
    expect(sent.map(({ init }) => JSON.parse(sentText(init)).durationSeconds)).toEqual([180, null, null]);
  });

  test('is not requested without an endpoint or a token', async () => {
    const { fetch, sent } = answering(200, good);
    for (const missing of [{ endpoint: undefined }, { token: undefined }]) {
      const unconfigured = transcriber(fetch, missing);
      expect(unconfigured.configured).toBe(false);
      expect(await unconfigured.transcribe(request, 'key', budget)).toEqual({ ok: false, error: { kind: 'not_configured' } });
    }
    expect(sent).toEqual([]);
  });
});

describe('a transcription that fails', () => {
  test.each<[string, Fetch, string]>([
    ['nobody speaks', answering(422, { message: 'x', code: 'no_speech' }).fetch, 'no_speech'],
    ['the video is too long', answering(422, { message: 'x', code: 'too_long' }).fetch, 'too_long'],
    ['the address is gone', answering(410, { message: 'x', code: 'media_url_expired' }).fetch, 'media_url_expired'],
    ['the address is gone and only the status says so', answering(410, 'gone').fetch, 'media_url_expired'],
    ['the token is refused', answering(401, { message: 'x' }).fetch, 'refused'],
    ['our body is refused', answering(422, { message: 'x' }).fetch, 'refused'],
    ['it asks for a pause', answering(429, { message: 'x' }).fetch, 'rate_limited'],
    ['it is broken', answering(502, '').fetch, 'unreachable'],
    ['it is not there', unreachable, 'unreachable'],
  ])('maps %s', async (_name, fetch, kind) => {
    expect(await transcriber(fetch).transcribe(request, 'key', budget)).toEqual({ ok: false, error: { kind } });
  });

  test('times out without a response', async () => {
    expect(await transcriber(silent, { timeoutMs: 20 }).transcribe(request, 'key', budget)).toEqual({
      ok: false,
      error: { kind: 'timed_out' },
    });
  });

  test.each<[string, unknown]>([
    ['no words', { ...good, text: '' }],
    ['blank words', { ...good, text: ' \n' }],
    ['words that are no text', { ...good, text: ['We fold'] }],
    ['too many words', { ...good, text: 'x'.repeat(MAX_TRANSCRIPT_CHARACTERS + 1) }],
    ['no model', { ...good, model: undefined }],
    ['a language that is none', { ...good, language: 'English (probably)' }],
    ['segments out of order', { ...good, segments: good.segments.toReversed() }],
    ['a segment that ends before it starts', { ...good, segments: [{ startSeconds: 3, endSeconds: 2, text: 'x' }] }],
    ['a segment before the video', { ...good, segments: [{ startSeconds: -1, endSeconds: 2, text: 'x' }] }],
    ['a segment long after the video', { ...good, segments: [{ startSeconds: 0, endSeconds: 900, text: 'x' }] }],
    ['an error with status 200', { message: 'x', code: 'internal' }],
    ['a page', '<html>'],
  ])('with %s is retried once with its own key, then fails', async (_name, body) => {
    const { fetch, sent } = answering(200, body);
    expect(await transcriber(fetch).transcribe(request, 'hold_1', budget)).toEqual({ ok: false, error: { kind: 'invalid_output' } });
    expect(sent.map(({ init }) => new Headers(init.headers).get('idempotency-key'))).toEqual(['hold_1-1', 'hold_1-2']);
  });
});
