import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { BOUNDARY_FAULTS } from '../../local/boundary-faults.ts';
import { achrononFake, SANDBOX_PATH } from '../../local/fakes/achronon.ts';
import { serve, type FakeServer } from '../../local/fakes/server.ts';
import { createParser } from '../../src/parse/achronon/parser.ts';
import type { ParseRequest } from '../../src/parse/ports.ts';
import { createTranscriber } from '../../src/parse/achronon/transcriber.ts';
import { comments, everyRequest, mediaRequest, post } from '../unit/parse/requests.ts';

let server: FakeServer;
beforeAll(async () => {
  server = await serve({ name: 'achronon', port: 0, handle: achrononFake() });
});
afterAll(() => server.stop());

const base = () => `${server.baseUrl}${SANDBOX_PATH}`;
const access = (timeoutMs: number) => ({ endpoint: base(), token: 'local', model: 'auto', timeoutMs, fetch, clock: Date.now });
const parser = (timeoutMs = 5_000) => createParser({ ...access(timeoutMs), path: '/claudex/parse' });
const transcriber = (timeoutMs = 5_000) =>
  createTranscriber({ ...access(timeoutMs), path: '/claudex/transcribe', maxDurationSeconds: 180 });
const budget = () => ({ deadlineAt: Date.now() + 20_000 });

const video = (shortcode: string) => ({
  mediaId: post.mediaId,
  shortcode,
  mediaUrl: 'https://scontent.cdninstagram.com/v/example.mp4?oe=4A8475D0',
  durationSeconds: 20,
});
const about = (shortcode: string): ParseRequest => ({ subject: 'media', mode: 'summary', post: { ...post, shortcode }, comments });
const commentsOf = (shortcode: string): ParseRequest => ({
  subject: 'comments',
  mode: 'themes',
  shortcode,
  mediaId: post.mediaId,
  comments,
});

const Calls = z.array(
  z.strictObject({
    task: z.enum(['transcribe', 'parse']),
    subject: z.string().nullable(),
    mode: z.string().nullable(),
    promptVersion: z.string().nullable(),
    model: z.string(),
    shortcode: z.string(),
    idempotencyKey: z.string(),
    replayed: z.boolean(),
    status: z.int(),
  }),
);
const calls = async () => Calls.parse(await (await fetch(`${base()}/__calls`)).json());
beforeEach(async () => {
  expect((await fetch(`${base()}/__calls`, { method: 'DELETE' })).status).toBe(204);
});

describe('the fake for the boundary', () => {
  test.each(everyRequest.map((request) => [request.subject, request.mode, request] as const))(
    'makes of %s as %s an output that the client accepts, the same each time, marked as its own',
    async (subject, mode, request) => {
      const first = await parser().parse(request, `a-${subject}-${mode}`, budget());
      const again = await parser().parse(request, `b-${subject}-${mode}`, budget());
      expect(first).toMatchObject({ ok: true, value: { model: 'fake-parse' } });
      expect(again).toEqual(first);
    },
  );

  test('says in a summary what it was given', async () => {
    const parsed = await parser().parse(mediaRequest('summary'), 'summary', budget());
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        output: {
          summary:
            'Fake reading of a reel with a caption of 53 characters beginning "Folding forty paper lanterns bef", a transcript of 43 characters beginning "We fold the corners first. Then", 3 comments.',
          discussion: { points: [{ commentIds: comments.map(({ id }) => id) }] },
        },
      },
    });
    const without: ParseRequest = { subject: 'media', mode: 'summary', post: { ...post, caption: null, transcript: null }, comments: null };
    expect(await parser().parse(without, 'without', budget())).toMatchObject({
      value: { output: { summary: 'Fake reading of a reel with no caption, no transcript, no comments.', discussion: null } },
    });
  });

  test('makes an output of no comments at all', async () => {
    for (const request of everyRequest) {
      if (request.subject !== 'comments') continue;
      expect(await parser().parse({ ...request, comments: [] }, `none-${request.mode}`, budget())).toMatchObject({ ok: true });
    }
  });

  test('writes down the words of a video, however old its address is', async () => {
    expect(await transcriber().transcribe(video('DemoReel_01'), 'words', budget())).toEqual({
      ok: true,
      value: {
        text: 'Fake transcript of DemoReel_01. Its media id is 4010069031083175221.',
        language: 'en',
        segments: [
          { startSeconds: 0, endSeconds: 10, text: 'Fake transcript of DemoReel_01.' },
          { startSeconds: 10, endSeconds: 20, text: 'Its media id is 4010069031083175221.' },
        ],
        model: 'fake-transcribe',
      },
    });
    const unknown = { ...video('DemoReel_01'), durationSeconds: null };
    expect(await transcriber().transcribe(unknown, 'unknown', budget())).toMatchObject({ ok: true });
  });

  test('lists what was asked, without what anybody wrote', async () => {
    await parser().parse(mediaRequest('tldr'), 'hold_7', budget());
    await transcriber().transcribe(video('DemoReel_01'), 'hold_8', budget());
    const asked = { model: 'auto', shortcode: 'DemoReel_01', replayed: false, status: 200 };
    expect(await calls()).toEqual([
      { ...asked, task: 'parse', subject: 'media', mode: 'tldr', promptVersion: 'media.tldr/1.1', idempotencyKey: 'hold_7-1' },
      { ...asked, task: 'transcribe', subject: null, mode: null, promptVersion: null, idempotencyKey: 'hold_8-1' },
    ]);
  });

  test('answers a known key with the known answer, and refuses it for another body', async () => {
    const first = await parser().parse(mediaRequest('json'), 'hold_9', budget());
    expect(await parser().parse(mediaRequest('json'), 'hold_9', budget())).toEqual(first);
    expect(await parser().parse(mediaRequest('json', null), 'hold_9', budget())).toEqual({ ok: false, error: { kind: 'refused' } });
    expect((await calls()).map(({ replayed, status }) => [replayed, status])).toEqual([
      [false, 200],
      [true, 200],
      [false, 409],
    ]);
  });

  test.each<[string, Record<string, string>, unknown, number, string]>([
    ['without a token', { authorization: '' }, {}, 401, 'unauthorized'],
    ['in another version', { 'boundary-version': '2' }, {}, 400, 'unsupported_version'],
    ['without a key', { 'idempotency-key': '' }, {}, 400, 'invalid_request'],
    ['with a body that is none', {}, 'x', 400, 'invalid_request'],
    ['with a field too many', {}, { task: 'transcribe', more: 1 }, 400, 'invalid_request'],
  ])('refuses a request %s in the shape of its errors', async (_name, headers, body, status, code) => {
    const answer = await fetch(`${base()}/claudex/transcribe`, {
      method: 'POST',
      headers: { authorization: 'Bearer t', 'boundary-version': '1', 'idempotency-key': 'k', ...headers },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ message: expect.any(String), code });
  });

  test('has nothing beside its base', async () => {
    for (const path of ['/claudex/parse', `${SANDBOX_PATH}/claudex`, '/sandboxes/other/claudex/parse']) {
      expect((await fetch(`${server.baseUrl}${path}`, { method: 'POST' })).status).toBe(404);
    }
    expect((await fetch(`${base()}/claudex/parse`)).status).toBe(405);
  });
});

/** What each fault is to the client: of a parse, of a transcription. Null: the task is answered well. */
const OUTCOMES: Readonly<Record<keyof typeof BOUNDARY_FAULTS, readonly [string | null, string | null]>> = {
  AchroHang__: ['timed_out', 'timed_out'],
  AchroSlow__: [null, null],
  Achro401___: ['refused', 'refused'],
  Achro429___: ['rate_limited', 'rate_limited'],
  Achro500___: ['unreachable', 'unreachable'],
  AchroGarble: ['invalid_output', 'invalid_output'],
  AchroShape_: ['invalid_output', 'invalid_output'],
  AchroIds___: ['invalid_output', null],
  AchroInject: ['invalid_output', null],
  AchroExpire: [null, 'media_url_expired'],
  AchroSilent: [null, 'no_speech'],
  AchroLong__: [null, 'too_long'],
};

describe.each(Object.entries(OUTCOMES))('%s', (shortcode, [parseKind, transcribeKind]) => {
  const timeoutMs = shortcode === 'AchroHang__' ? 100 : 10_000;
  const outcome = (kind: string | null) => (kind === null ? { ok: true } : { ok: false, error: { kind } });

  test('is told apart by the client in every task', async () => {
    const answers = await Promise.all([
      parser(timeoutMs).parse(about(shortcode), `m-${shortcode}`, budget()),
      parser(timeoutMs).parse(commentsOf(shortcode), `c-${shortcode}`, budget()),
      transcriber(timeoutMs).transcribe(video(shortcode), `t-${shortcode}`, budget()),
    ]);
    expect(answers).toMatchObject([parseKind, parseKind, transcribeKind].map(outcome));
  });
});

test('references to comments that nobody sent are caught in every mode that has references', async () => {
  for (const request of everyRequest) {
    if (request.subject === 'media' && request.mode === 'tldr') continue;
    const faulty: ParseRequest =
      request.subject === 'media'
        ? { ...request, post: { ...request.post, shortcode: 'AchroIds___' } }
        : { ...request, shortcode: 'AchroIds___' };
    expect(await parser().parse(faulty, `ids-${request.subject}-${request.mode}`, budget()), request.mode).toEqual({
      ok: false,
      error: { kind: 'invalid_output' },
    });
  }
});

test('a slow answer is left where the time is shorter', async () => {
  expect(await parser(100).parse(about('AchroSlow__'), 'slow', budget())).toEqual({ ok: false, error: { kind: 'timed_out' } });
});
