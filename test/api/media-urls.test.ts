import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, useApi } from '../support/api.ts';

const start = useApi();

/** What a provider that was taken over could answer instead of the platform's own URLs. */
const HOSTILE = [
  'http://169.254.169.254/latest/meta-data/',
  'http://127.0.0.1:6379/',
  'http://scontent.cdninstagram.com/',
  'https://user:pass@scontent.cdninstagram.com/',
  'https://scontent.cdninstagram.com@evil.example/',
  String.raw`https://scontent.cdninstagram.com\\@evil.example/`,
  'https://scontent.cdninstagram.com:6379/',
  'https://scontent.cdninstagram.com.evil.example/',
  'https://evilcdninstagram.com/',
  'https://[::ffff:127.0.0.1]/',
] as const;

type Limitation = { readonly code: string; readonly path: string };
type Read = { readonly data: Record<string, unknown>; readonly limitations: readonly Limitation[] };

/** Stands between the API and the fake of a provider, and rewrites every URL of the platform's content servers. */
let hostile = '';
let baseUrl = '';
let upstream = '';
let stop: () => Promise<void>;

beforeEach(async () => {
  const server = createServer((req, res) => {
    void (async () => {
      const answer = await fetch(`${upstream}${req.url}`, { headers: { 'x-api-key': 'test', authorization: 'Bearer test' } });
      const body = (await answer.text()).replaceAll('https://scontent.cdninstagram.com/', hostile);
      res.writeHead(answer.status, { 'content-type': 'application/json' });
      res.end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // safe because a server that listens on a TCP port has such an address
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
});
afterEach(() => stop());

function open(url: string): Api {
  hostile = url;
  upstream = start().env.SCRAPECREATORS_BASE_URL ?? '';
  return start({
    SCRAPECREATORS_BASE_URL: baseUrl,
    PROVIDER_ORDER_MEDIA: 'scrapecreators',
    PROVIDER_ORDER_COMMENTS: 'scrapecreators',
    HOT_CACHE_SECONDS: '0',
  });
}

async function read(api: Api, path: string, key: string): Promise<Read> {
  const answer = await api.request(path, { key });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  // safe because the tests of the reads check this shape
  return answer.body as Read;
}

const withheldIn = ({ limitations }: Read) => limitations.filter(({ code }) => code === 'media_url_withheld').map(({ path }) => path);

describe.each(HOSTILE)('a provider that answers %s', (url) => {
  const mark = JSON.stringify(url).slice(1, -1);

  test.each(['/v1/post?url=DemoAlbum01', '/v1/post?url=DemoImage01', '/v1/reel?url=DemoReel_01'])(
    'withholds it, fresh and cached: %s',
    async (path) => {
      const api = open(url);
      const { key } = await api.signUp();
      for (const status of ['miss', 'hit']) {
        const answer = await read(api, path, key);
        expect(answer).toMatchObject({ cache: { status } });
        expect(JSON.stringify(answer.data)).not.toContain(mark);
        expect(answer.data['withheldUrls']).toBeUndefined();
        const paths = withheldIn(answer);
        expect(paths).toContain('data.media[0].url');
        expect(paths).toContain('data.owner.avatarUrl');
        for (const place of paths) expect(valueAt(answer, place)).toBeNull();
      }
      expect([...api.kv.values.values()].some(({ text }) => text.includes(mark))).toBe(false);
    },
  );
});

test('withholds the pictures of commenters and of those who reply', async () => {
  const api = open('https://127.0.0.1/');
  const { key } = await api.signUp();
  for (const _turn of ['fresh', 'cached']) {
    const answer = await read(api, '/v1/comments?url=DemoImage01&limit=20&includeReplies=true', key);
    expect(JSON.stringify(answer.data)).not.toContain('https://127.0.0.1/');
    expect(withheldIn(answer)).toEqual(['data.comments[].owner.avatarUrl']);
  }
});

test('withholds what was cached before the rule, and never hands it to hosted transcription', async () => {
  const api = start({ HOT_CACHE_SECONDS: '0', PROVIDER_ORDER_MEDIA: 'scrapecreators' });
  const { key } = await api.signUp();
  await read(api, '/v1/reel?url=DemoHosted1', key);
  for (const [name, { text, ...rest }] of api.kv.values) {
    expect(text).toContain('https://scontent.cdninstagram.com/');
    api.kv.values.set(name, { ...rest, text: text.replaceAll('https://scontent.cdninstagram.com/', 'http://169.254.169.254/') });
  }
  const answer = await read(api, '/v1/reel?url=DemoHosted1&transcript=true', key);
  expect(answer).toMatchObject({ cache: { status: 'hit' }, data: { transcript: null } });
  expect(JSON.stringify(answer)).not.toContain('169.254');
  expect(withheldIn(answer)).toContain('data.media[0].url');
  expect(answer.limitations).toContainEqual(expect.objectContaining({ code: 'transcript_unavailable', reason: 'media_url_expired' }));
  expect(api.sent.filter((host) => host === new URL(api.env.ACHRONON_AI_ENDPOINT ?? '').host)).toEqual([]);
});

test('leaves the URLs of the platform alone', async () => {
  const api = open('https://instagram.fhkg3-1.fna.fbcdn.net/');
  const { key } = await api.signUp();
  const answer = await read(api, '/v1/post?url=DemoAlbum01', key);
  expect(withheldIn(answer)).toEqual([]);
  expect(valueAt(answer, 'data.media[0].url')).toContain('https://instagram.fhkg3-1.fna.fbcdn.net/');
});

function valueAt(answer: Read, path: string): unknown {
  return path
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
    .reduce<unknown>((value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined), answer);
}
